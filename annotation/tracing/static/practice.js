/** Ten seconds in which a rater follows a line, before the first clip. Nothing of it is kept. */
import { Chart } from './chart.js';
import { Slider } from './slider.js';

const LONG = 10;
const HZ = 25;
const DONE = 'affectory-trace-practised';
const $ = (id) => document.getElementById(id);
const line = (s) => 0.75 * Math.sin(0.9 * s) * Math.cos(0.35 * s + 0.4);

export function practised() {
  try {
    return localStorage.getItem(DONE) !== null;
  } catch {
    return true;
  }
}

export class Practice {
  constructor(pad) {
    this.pad = pad;
    this.target = Array.from({ length: LONG * HZ + 1 }, (_, i) => [(i * 1e6) / HZ, line(i / HZ)]);
    this.chart = new Chart($('practice-chart'), { low: -1, high: 1, low_label: '', high_label: '' });
    const given = { low: -1, high: 1, value: 0 };
    this.slider = new Slider($('practice-slider'), given, () => {});
  }

  /** Resolves once the rater has had enough. */
  run() {
    const dialog = $('practice');
    this.stop = new AbortController();
    const { signal } = this.stop;
    $('practice-go').addEventListener('click', () => this.#begin(), { signal });
    addEventListener('keydown', (event) => this.slider.press(event) && event.preventDefault(), { signal });
    addEventListener('keyup', (event) => this.slider.release(event), { signal });
    addEventListener('blur', () => this.slider.letGo(), { signal });
    dialog.showModal();
    $('practice-go').focus();
    this.started = null;
    this.samples = [];
    this.#turn();
    return new Promise((done) => {
      dialog.addEventListener('close', () => done(this.#close()), { once: true });
    });
  }

  #begin() {
    this.started = performance.now();
    this.samples = [];
    $('practice-said').textContent = '\u00a0';
    $('practice-go').disabled = true;
    $('practice-slider').focus();
  }

  #turn() {
    this.frame = requestAnimationFrame(() => this.#turn());
    const now = performance.now();
    this.slider.turn(now);
    const pad = this.pad.read();
    if (pad) this.slider.stick(now, pad.way, 'moves');
    const at = this.started === null ? 0 : Math.min(LONG, (now - this.started) / 1000);
    if (this.started !== null) this.samples.push([at * 1e6, this.slider.value]);
    const shown = { at, duration: LONG, value: this.slider.value, hz: 4, others: this.target };
    this.chart.draw(this.samples, shown);
    if (at >= LONG && this.started !== null) this.#said();
  }

  #said() {
    this.started = null;
    const off = this.samples.map(([us, value]) => Math.abs(value - line(us / 1e6)));
    const share = off.reduce((sum, one) => sum + one, 0) / off.length / 2;
    $('practice-said').textContent = `You were ${Math.round(100 * share)} % of the scale beside the line on average.`;
    $('practice-go').disabled = false;
    $('practice-go').textContent = 'Once more';
    $('practice-end').textContent = 'To the clip';
    $('practice-end').focus();
  }

  #close() {
    cancelAnimationFrame(this.frame);
    this.stop.abort();
    this.slider.close();
    try {
      localStorage.setItem(DONE, '1');
    } catch {
      return;
    }
  }
}
