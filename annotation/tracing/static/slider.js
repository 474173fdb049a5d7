/** A slider for mouse, finger, keys and gamepad. It tells each change with the moment at which it was made. */
export const narrow = matchMedia('(max-width: 43.99rem)'); // there it lies, else it stands
const SPEED = 0.45; // share of the scale in a second while a key is held or the stick is pushed
const NUDGE = 0.01; // share of the scale for a tap
const DEAD = 0.15; // of the stick's way, around its middle
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };

export class Slider {
  constructor(element, { low, high, value, text = (v) => v.toFixed(2) }, changed) {
    Object.assign(this, { element, low, high, text, changed, held: new Map(), slow: false, last: null });
    this.thumb = element.querySelector('.thumb');
    this.stop = new AbortController();
    const on = (name, what) => element.addEventListener(name, what, { signal: this.stop.signal });
    on('pointerdown', (event) => this.#press(event));
    on('pointermove', (event) => this.#drag(event));
    element.setAttribute('aria-valuemin', low);
    element.setAttribute('aria-valuemax', high);
    this.show(value);
  }

  close() {
    this.stop.abort();
  }

  /** Show a value without telling of it. */
  show(value) {
    this.value = value;
    const share = `${(100 * (value - this.low)) / (this.high - this.low)}%`;
    const lying = narrow.matches;
    this.thumb.style.left = lying ? share : '';
    this.thumb.style.bottom = lying ? '' : share;
    this.element.classList.toggle('lying', lying);
    this.element.setAttribute('aria-orientation', lying ? 'horizontal' : 'vertical');
    this.element.setAttribute('aria-valuenow', Number(value.toFixed(4)));
    this.element.setAttribute('aria-valuetext', this.text(value));
  }

  move(at, value, moving = false) {
    const step = (this.high - this.low) / 1e4;
    const whole = this.low + Math.round((Math.min(this.high, Math.max(this.low, value)) - this.low) / step) * step;
    this.show(Math.min(this.high, whole));
    this.changed(at, this.value, moving);
  }

  #press(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.element.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.element.focus({ preventScroll: true });
    this.#at(event);
    event.preventDefault();
  }

  #drag(event) {
    if (!this.element.hasPointerCapture(event.pointerId)) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) this.#at(one);
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    const share = narrow.matches ? (event.clientX - box.left) / box.width : (box.bottom - event.clientY) / box.height;
    this.move(event.timeStamp, this.low + share * (this.high - this.low));
  }

  /** Whether a key was ours. */
  press(event) {
    const range = this.high - this.low;
    if (event.key === 'Home') this.move(event.timeStamp, this.low);
    else if (event.key === 'End') this.move(event.timeStamp, this.high);
    else if (event.key === 'PageUp') this.move(event.timeStamp, this.value + range / 10);
    else if (event.key === 'PageDown') this.move(event.timeStamp, this.value - range / 10);
    else if (event.key in KEYS) this.#hold(event, range);
    else return false;
    return true;
  }

  #hold(event, range) {
    this.slow = event.shiftKey;
    if (event.repeat || this.held.has(event.key)) return;
    this.held.set(event.key, KEYS[event.key]);
    this.last = event.timeStamp;
    this.move(event.timeStamp, this.value + KEYS[event.key] * range * NUDGE);
  }

  release(event) {
    if (!this.held.has(event.key)) return;
    this.#push(event.timeStamp);
    this.held.delete(event.key);
  }

  /** Nothing is held any more. */
  letGo() {
    this.held.clear();
  }

  #push(at) {
    const way = Math.sign([...this.held.values()].reduce((sum, one) => sum + one, 0));
    if (way && at > this.last) {
      const speed = SPEED * (this.slow ? 0.25 : 1) * (this.high - this.low);
      this.move(at, this.value + (way * speed * (at - this.last)) / 1000, true);
    }
    this.last = Math.max(at, this.last ?? at);
  }

  /** Called for each picture of the page: moves on what is held. */
  turn(now) {
    if (this.held.size) this.#push(now);
  }

  /** The stick of a gamepad, from -1 (down) to 1 (up). */
  stick(now, way, mode) {
    const size = Math.abs(way) < DEAD ? 0 : (Math.abs(way) - DEAD) / (1 - DEAD);
    const pushed = Math.sign(way) * Math.min(1, size);
    const passed = Math.min(100, now - (this.stuck ?? now)) / 1000;
    this.stuck = now;
    const range = this.high - this.low;
    if (mode === 'is') {
      if (pushed || this.leaning) this.move(now, this.low + ((pushed + 1) / 2) * range);
      this.leaning = pushed !== 0;
    } else if (pushed) {
      this.move(now, this.value + pushed * 2 * SPEED * passed * range, this.pushing);
    }
    this.pushing = pushed !== 0;
  }
}

/** Reads the first gamepad: its stick, and which of its buttons were pressed since. */
export class Gamepad {
  constructor() {
    this.down = new Set();
  }

  read() {
    const pads = navigator.getGamepads?.() ?? [];
    const pad = [...pads].find((one) => one?.connected && one.axes.length > 1);
    if (!pad) return null;
    const pressed = [0, 1].filter((n) => pad.buttons[n]?.pressed && !this.down.has(n));
    this.down = new Set([0, 1].filter((n) => pad.buttons[n]?.pressed));
    return { way: -pad.axes[1], pressed };
  }
}
