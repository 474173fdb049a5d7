/** One pass over a clip on one scale: the clip plays, the slider moves, samples are taken and saved. */
import { Chart, clock, first } from './chart.js';
import { Player } from './player.js';
import { Sampler } from './sampler.js';
import { Saver } from './saver.js';
import { Signal } from './signal.js';
import { narrow, Slider } from './slider.js';

const BACK = 5;
const EVERY = 1000; // milliseconds between saves
const $ = (id) => document.getElementById(id);

export class Pass {
  /** `to` has the addresses, `submitted` is called once it is done. */
  constructor({ task, scale, revision, seq, samples, to, pad, submitted }) {
    Object.assign(this, { task, scale, samples, pad, submitted, hz: task.hz, ended: false, closed: false });
    this.middle = (scale.low + scale.high) / 2;
    const last = samples.at(-1);
    this.signal = new Signal(last ? last[1] : this.middle);
    this.sampler = new Sampler(task.hz, this.signal);
    this.saver = new Saver({ ...to, revision, seq, told: (state, why) => this.#saved(state, why) });
    this.touched = samples.some(([, value]) => value !== this.middle);
    this.#show();
    const given = { low: scale.low, high: scale.high, value: this.signal.value };
    this.slider = new Slider($('slider'), { ...given, text: (v) => this.#words(v) }, (...moved) => this.#moved(...moved));
    this.chart = new Chart($('chart'), scale);
    this.stop = new AbortController();
    this.#listen();
    this.player = new Player($('media'), {
      moment: (wall, media) => this.#moment(wall, media),
      moved: (state) => this.#state(state),
      ended: () => this.#end(),
      failed: () => this.#state('failed'),
    });
    this.at = last ? (last[0] + 1e6 / task.hz) / 1e6 : 0;
    this.#state('loading');
    this.player.load(to.clip, this.at);
    this.sampler.begin(this.at);
    this.#turn();
  }

  close() {
    this.closed = true;
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    this.stop.abort();
    this.slider.close();
    this.player.close();
  }

  #show() {
    const { scale, task } = this;
    $('title').textContent = task.title;
    $('question').textContent = scale.question || scale.name;
    const place = task.scales.findIndex((one) => one.name === scale.name) + 1;
    $('which').textContent = `${scale.name}${task.scales.length > 1 ? ` (${place} of ${task.scales.length})` : ''}`;
    $('low').textContent = scale.low_label;
    $('high').textContent = scale.high_label;
    $('player').className = task.kind;
    $('sound').hidden = task.kind !== 'audio';
    $('saved').textContent = '';
    $('saved').className = '';
  }

  #words(value) {
    const { scale } = this;
    if (value === this.middle) return `${value.toFixed(2)}, in the middle`;
    return `${value.toFixed(2)}, towards ${value > this.middle ? scale.high_label : scale.low_label}`;
  }

  #listen() {
    const { signal } = this.stop;
    const on = (target, name, what) => target.addEventListener(name, what, { signal });
    on(document, 'keydown', (event) => this.#key(event));
    on(document, 'keyup', (event) => this.slider.release(event));
    on(window, 'blur', () => this.slider.letGo());
    on(document, 'visibilitychange', () => document.hidden && this.#leave());
    on(window, 'pagehide', () => this.#leave());
    on(narrow, 'change', () => this.slider.show(this.slider.value));
    const buttons = { play: 'toggle', back: 'back', restart: 'restart', submit: 'submit' };
    for (const [id, what] of Object.entries(buttons)) on($(id), 'click', (event) => this.#clicked(event, what));
    on($('player'), 'click', () => this.toggle());
    on($('volume'), 'input', () => ($('media').volume = Number($('volume').value)));
    // Keys that move the slider would else turn on what was set last.
    for (const [id, name] of [['volume', 'pointerup'], ['pad-mode', 'change']]) {
      on($(id), name, () => setTimeout(() => $('slider').focus({ preventScroll: true })));
    }
    this.timer = setInterval(() => this.#save(), EVERY);
  }

  /** After a click the keys are the slider's again; who came to a button by keys stays there. */
  #clicked(event, what) {
    if (event.detail > 0) $('slider').focus({ preventScroll: true });
    this[what]();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const on = event.target.closest?.('button, a, select, input');
    if (on && (on.matches('input, select') || event.key === 'Enter' || event.key === ' ')) return;
    const ours = { ' ': 'toggle', Backspace: 'back', r: 'restart', R: 'restart', Enter: 'submit', '?': 'help' };
    if (event.key in ours) event.repeat || this[ours[event.key]]();
    else if (!this.slider.press(event)) return;
    event.preventDefault();
  }

  toggle() {
    if (this.player.playing) this.pause();
    else if (this.player.ready && !this.ended && !this.over) this.player.play();
  }

  pause() {
    this.player.media.pause();
  }

  /** Go back, and trace anew from there. */
  back() {
    this.#cut(Math.max(0, this.#now() - BACK));
  }

  async restart() {
    if ($('restart').disabled) return;
    this.pause();
    const dialog = $('ask-restart');
    dialog.returnValue = 'no';
    dialog.showModal();
    await new Promise((done) => dialog.addEventListener('close', done, { once: true }));
    if (dialog.returnValue !== 'yes' || this.closed) return;
    this.#cut(0);
    this.slider.show(this.middle);
    this.signal.set(performance.now(), this.middle);
    this.touched = false;
  }

  help() {
    this.pause();
    $('keys').showModal();
  }

  async submit() {
    if ($('submit').disabled || this.over) return;
    this.over = true;
    this.pause();
    $('submit').disabled = true;
    if (await this.saver.finish()) this.submitted();
  }

  #now() {
    return this.ended ? this.player.duration : this.player.media.currentTime;
  }

  #cut(media) {
    if (this.over || !this.player.ready || !(this.samples.length || this.sampler.pair)) return;
    this.#take(this.sampler.end(performance.now(), this.#now()));
    const us = this.sampler.us(this.sampler.step(media));
    const from = first(this.samples, us);
    const value = (this.samples[from] ?? this.samples[from - 1])?.[1] ?? this.middle;
    this.samples.length = from;
    this.saver.cut(us);
    this.ended = false;
    this.slider.show(value);
    this.signal.set(performance.now(), value);
    this.at = us / 1e6;
    this.sampler.begin(this.at);
    this.player.seek(this.at);
    this.#buttons();
    this.#save();
  }

  #moved(at, value, moving) {
    this.touched = true;
    this.signal.set(at, value, moving);
  }

  #moment(wall, media) {
    if (this.ended || this.over) return;
    this.at = media;
    this.saver.add([], this.sampler.saw(wall, media));
  }

  #take(samples) {
    this.samples.push(...samples);
    this.saver.add(samples);
  }

  #turn() {
    this.frame = requestAnimationFrame(() => this.#turn());
    const now = performance.now();
    this.slider.turn(now);
    this.#gamepad(now);
    this.player.turn(now);
    this.#take(this.sampler.ready(now));
    this.#draw();
    const all = this.#all ? 'yes' : 'no';
    if ($('saved').dataset.all !== all) $('saved').dataset.all = all;
  }

  /** Whether everything that was traced has arrived. */
  get #all() {
    return !this.player.playing && !this.sampler.pair && !this.sampler.waiting.length && !this.saver.unsent;
  }

  #gamepad(now) {
    const read = this.pad.read();
    $('pad').hidden = !read;
    if (!read || document.querySelector('dialog[open]')) return;
    this.slider.stick(now, read.way, $('pad-mode').value);
    if (read.pressed.includes(0)) this.toggle();
    if (read.pressed.includes(1)) this.back();
  }

  #draw() {
    const { value } = this.slider;
    const said = `${value > 0 && this.scale.low < 0 ? '+' : ''}${value.toFixed(2).replace('-', '−')}`;
    const told = `${clock(this.at)} / ${clock(this.player.duration || this.task.duration_s || 0)}`;
    const shown = [said, told, this.samples.length, this.touched, $('chart').clientWidth, this.at].join();
    if (shown === this.shown) return;
    this.shown = shown;
    $('value').textContent = said;
    $('time').textContent = told;
    $('slider').classList.toggle('untouched', !this.touched);
    const duration = this.player.duration || this.task.duration_s || 0;
    this.chart.draw(this.samples, { at: this.at, duration, value, hz: this.hz });
  }

  #save() {
    if (this.saver.unsent && !this.saver.closed) this.saver.flush();
  }

  #leave() {
    this.slider.letGo();
    this.pause();
    this.#stopped();
    this.#save();
  }

  #stopped() {
    this.#take(this.sampler.end(performance.now(), this.player.media.currentTime));
    const last = this.samples.at(-1);
    this.sampler.begin(last ? Math.max(this.player.media.currentTime, last[0] / 1e6 + 0.5 / this.hz) : 0);
  }

  #end() {
    this.#take(this.sampler.end(performance.now(), this.player.duration));
    this.ended = true;
    this.at = this.player.duration;
    this.#state('ended');
    this.#save();
  }

  #state(state) {
    if (state === 'paused' && this.player.media.ended) return;
    if (state === 'paused' && !this.ended) {
      this.#stopped();
      this.#save();
    }
    if (state === 'ready' && this.player.duration && this.at >= this.player.duration - 1 / this.hz) {
      this.ended = true;
      state = 'ended';
    }
    const key = narrow.matches ? 'Play' : 'Play, or space';
    $('player').classList.toggle('playing', state === 'playing');
    $('status').textContent = {
      loading: 'Loading…',
      waiting: 'Waiting for the clip…',
      ready: this.samples.length ? `Goes on at ${clock(this.at)}: press ${key}` : `Press ${key}`,
      paused: 'Paused',
      ended: 'The end: submit, or go back to correct',
      failed: 'This clip cannot be played here. Please tell who asked you.',
      refused: 'The browser wants a click first: press Play',
    }[state] ?? '';
    this.#buttons();
  }

  #buttons() {
    const { ready, playing } = this.player ?? {};
    const able = ready && !this.over;
    $('play').firstChild.textContent = playing ? 'Pause ' : 'Play ';
    $('play').disabled = !able || this.ended;
    $('play').classList.toggle('primary', !this.ended);
    const some = able && (this.samples.length > 0 || playing);
    $('back').disabled = !some;
    $('restart').disabled = !some;
    $('submit').disabled = !able || !this.ended || this.saver.closed;
    $('submit').classList.toggle('primary', this.ended);
    $('submit').title = this.ended ? '' : 'once the clip has played to its end';
  }

  #saved(state, why) {
    const said = {
      saved: 'Saved',
      offline: `Not saved yet: no connection${why ? `, ${why}` : ''}. It is kept in this browser and sent later.`,
      conflict: `Not saved: ${why}. Reload this page to go on from there.`,
      refused: `Not saved: ${why}. Please tell who asked you.`,
    }[state];
    if ($('saved').textContent !== said) $('saved').textContent = said;
    $('saved').classList.toggle('bad', state !== 'saved');
    if (state === 'conflict' || state === 'refused') {
      this.over = true;
      this.pause();
      this.#buttons();
    }
  }
}
