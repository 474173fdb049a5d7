/** The clip: it plays at its own speed, stops, and goes back only where it is told to. */
const AHEAD = 10; // seconds that must be there before it begins
const PATIENCE = 5000;

export class Player {
  /** `heard`: moment(wall, media), moved(state), ended(), failed(). */
  constructor(media, heard) {
    Object.assign(this, { media, heard, ready: false, position: 0, seen: -Infinity, stop: new AbortController() });
    const on = (name, what) => media.addEventListener(name, what, { signal: this.stop.signal });
    on('progress', () => this.#enough());
    on('canplay', () => this.#soon());
    on('canplaythrough', () => this.#go());
    on('waiting', () => heard.moved('waiting'));
    on('playing', () => heard.moved('playing'));
    on('pause', () => heard.moved('paused'));
    on('ended', () => heard.ended());
    on('error', () => heard.failed());
    on('ratechange', () => media.playbackRate !== 1 && (media.playbackRate = 1));
    this.#keysOfTheSystem();
  }

  /** Load a clip, to begin at `position`. */
  load(url, position) {
    this.position = position;
    this.media.addEventListener('loadedmetadata', () => this.seek(position), { once: true, signal: this.stop.signal });
    this.media.src = url;
    this.media.load();
    this.#watch();
  }

  close() {
    this.stop.abort();
    this.media.pause();
    this.media.removeAttribute('src');
    this.media.load();
  }

  get playing() {
    return !this.media.paused && !this.media.ended;
  }

  get duration() {
    return Number.isFinite(this.media.duration) ? this.media.duration : 0;
  }

  seek(position) {
    this.position = position;
    if (Math.abs(this.media.currentTime - position) > 1e-3) this.media.currentTime = position;
  }

  play() {
    return this.media.play().catch((error) => error.name !== 'AbortError' && this.heard.moved('refused'));
  }

  /** Pictures tell best which moment is seen; where there are none, the clip's clock does. */
  turn(now) {
    if (this.playing && !this.media.seeking && now - this.seen > 250) this.heard.moment(now, this.media.currentTime);
  }

  #watch() {
    const { media } = this;
    if (!media.requestVideoFrameCallback) return;
    const picture = (now, seen) => {
      if (this.stop.signal.aborted) return;
      media.requestVideoFrameCallback(picture);
      if (!this.playing || media.seeking) return;
      this.seen = performance.now();
      this.heard.moment(seen.expectedDisplayTime, seen.mediaTime);
    };
    media.requestVideoFrameCallback(picture);
  }

  #enough() {
    const { media } = this;
    const needed = Math.min(this.position + AHEAD, this.duration - 0.2);
    for (let i = 0; i < media.buffered.length; i += 1) {
      if (media.buffered.start(i) <= this.position + 0.1 && media.buffered.end(i) >= needed && needed > 0) this.#go();
    }
  }

  #soon() {
    this.#enough();
    setTimeout(() => this.stop.signal.aborted || this.#go(), PATIENCE); // some browsers load no more until it plays
  }

  #go() {
    if (this.ready) return;
    this.ready = true;
    this.heard.moved('ready');
  }

  /** Keys of keyboards and headsets would seek or stop it behind our back. */
  #keysOfTheSystem() {
    if (!navigator.mediaSession) return;
    for (const action of ['seekbackward', 'seekforward', 'seekto', 'previoustrack', 'nexttrack', 'stop']) {
      try {
        navigator.mediaSession.setActionHandler(action, () => {});
      } catch {
        continue; // a browser that does not know this key does not send it
      }
    }
  }
}
