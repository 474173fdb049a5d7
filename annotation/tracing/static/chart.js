/** Draws a trace below its clip: time from left to right, the scale from bottom to top. */
const WINDOW = 60; // seconds shown of a long clip
const [LEFT, RIGHT, TOP, BOTTOM] = [12, 12, 10, 24];

const tick = (span, width) => [1, 2, 5, 10, 15, 30, 60].find((s) => (s / span) * width >= 64) ?? 60;
export const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;

export class Chart {
  constructor(canvas, { low, high, low_label, high_label }) {
    Object.assign(this, { canvas, low, high, low_label, high_label });
  }

  /** Colours follow the page's, light or dark. */
  #colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ink: of('ink'), soft: of('soft'), line: of('line'), trace: of('trace'), font: of('font') };
  }

  /** `samples` are [microseconds, value]; `others` a line to follow. */
  draw(samples, { at, duration, value, hz, others = [] }) {
    const { canvas } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const pen = canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const colours = this.#colours();
    const span = Math.min(duration || WINDOW, duration > 1.5 * WINDOW ? WINDOW : Infinity);
    const start = Math.min(Math.max(0, at - span * 0.8), Math.max(0, (duration || span) - span));
    const x = (s) => LEFT + ((s - start) / span) * (width - LEFT - RIGHT);
    const y = (v) => TOP + ((this.high - v) / (this.high - this.low)) * (height - TOP - BOTTOM);
    this.#axes(pen, { x, y, start, span, width, height, colours });
    if (others.length) this.#line(pen, others, { x, y, hz, start, span, colour: colours.soft, dashed: true });
    this.#line(pen, samples, { x, y, hz, start, span, colour: colours.trace });
    this.#head(pen, { x: x(at), y: y(value), height, colours });
  }

  #axes(pen, { x, y, start, span, width, height, colours }) {
    pen.font = `12px ${colours.font}`;
    pen.lineWidth = 1;
    pen.strokeStyle = colours.line;
    const across = (v) => {
      pen.beginPath();
      pen.moveTo(LEFT, Math.round(y(v)) + 0.5);
      pen.lineTo(width - RIGHT, Math.round(y(v)) + 0.5);
      pen.stroke();
    };
    across(this.low);
    across(this.high);
    pen.setLineDash([4, 4]);
    across((this.low + this.high) / 2);
    pen.setLineDash([]);
    pen.fillStyle = colours.soft;
    pen.textBaseline = 'middle';
    pen.textAlign = 'center';
    const step = tick(span, width - LEFT - RIGHT);
    for (let s = Math.ceil(start / step) * step; s <= start + span + 1e-6; s += step) {
      pen.fillRect(Math.round(x(s)), height - BOTTOM, 1, 4);
      const half = pen.measureText(clock(s)).width / 2;
      pen.fillText(clock(s), Math.min(width - half - 2, Math.max(half + 2, x(s))), height - 10);
    }
    pen.textAlign = 'left';
    pen.textBaseline = 'top';
    pen.fillText(this.high_label, LEFT + 4, y(this.high) + 4);
    pen.textBaseline = 'bottom';
    pen.fillText(this.low_label, LEFT + 4, y(this.low) - 4);
  }

  #line(pen, samples, { x, y, hz, start, span, colour, dashed }) {
    const apart = 2.5 / hz;
    pen.strokeStyle = colour;
    pen.lineWidth = dashed ? 2 : 2.5;
    pen.lineJoin = 'round';
    pen.setLineDash(dashed ? [6, 5] : []);
    pen.beginPath();
    let before = null;
    for (let i = first(samples, (start - 1) * 1e6); i < samples.length; i += 1) {
      const [s, v] = [samples[i][0] / 1e6, samples[i][1]];
      if (s > start + span + 1) break;
      if (before === null || s - before > apart) pen.moveTo(x(s), y(v));
      else pen.lineTo(x(s), y(v));
      before = s;
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  #head(pen, { x, y, height, colours }) {
    pen.fillStyle = colours.ink;
    pen.globalAlpha = 0.35;
    pen.fillRect(Math.round(x), TOP, 1, height - TOP - BOTTOM);
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(x, y, 5, 0, 2 * Math.PI);
    pen.fillStyle = colours.trace;
    pen.fill();
  }
}

/** The place of the first sample not before a moment. */
export function first(samples, us) {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle][0] < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
