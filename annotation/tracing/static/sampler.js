/** Takes values at equal steps of the clip's own time. The clip's clock is known by pairs: at this moment of the page
 *  (milliseconds) this moment of the clip (seconds) was seen. */
const WAIT = 80; // milliseconds until all events of a moment have come in
const APART = 0.15; // seconds by which the two clocks may differ before the clip is said to have stood still

export class Sampler {
  constructor(hz, signal) {
    this.hz = hz;
    this.signal = signal;
    this.next = 0;
    this.pair = null;
    this.waiting = [];
  }

  us(step) {
    return Math.round((step * 1e6) / this.hz);
  }

  step(media) {
    return Math.max(0, Math.ceil(media * this.hz - 1e-3));
  }

  /** From here on samples are taken; the clip stands at `media` and will move. */
  begin(media) {
    this.next = this.step(media);
    this.from = media;
    this.pair = null;
    this.waiting = [];
  }

  /** At the moment `wall` the clip was at `media`; gaps that this shows are returned. */
  saw(wall, media) {
    const before = this.pair ?? this.#first(wall, media);
    if (media <= before.media) {
      // It stands still, or is a picture seen before: the pair that holds is the first one, until time has passed.
      return [];
    }
    const [ran, passed] = [media - before.media, (wall - before.wall) / 1000];
    this.pair = { wall, media };
    if (Math.abs(ran - passed) > APART) {
      this.next = Math.max(this.next, this.step(media));
      return [this.#gap(before, media, passed)];
    }
    this.#take(before, { wall, media });
    return [];
  }

  #first(wall, media) {
    const late = Math.min(Math.max(media - this.from, 0), 1);
    return { wall: wall - late * 1000, media: media - late };
  }

  #gap(before, media, passed) {
    const us = (seconds) => Math.max(0, Math.round(seconds * 1e6));
    return { at_us: us(before.media), until_us: us(media), wall_ms: Math.max(0, Math.round(passed * 1000)) };
  }

  #take(a, b) {
    for (; this.next / this.hz < b.media - 1e-6; this.next += 1) {
      const share = (this.next / this.hz - a.media) / (b.media - a.media);
      this.waiting.push({ step: this.next, wall: a.wall + Math.max(0, share) * (b.wall - a.wall) });
    }
  }

  /** Samples of which all is known at the moment `wall`. */
  ready(wall) {
    let count = 0;
    while (count < this.waiting.length && this.waiting[count].wall <= wall - WAIT) count += 1;
    const samples = this.waiting.splice(0, count).map((w) => [this.us(w.step), this.signal.at(w.wall)]);
    if (samples.length) this.signal.forget(wall - 4 * WAIT);
    return samples;
  }

  /** The clip stopped at `media`: all samples up to there. */
  end(wall, media) {
    if (this.pair && media > this.pair.media) {
      const last = this.pair;
      this.#take(last, { wall: last.wall + (media - last.media) * 1000, media });
    }
    this.pair = null;
    return this.ready(wall + 1e6);
  }
}
