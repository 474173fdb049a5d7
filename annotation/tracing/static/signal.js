/** What the slider said, over the clock of the page (milliseconds). */
const JOINED = 40; // a frame: events of one movement follow each other at least so fast; before a later one it stood still

export class Signal {
  constructor(value) {
    this.points = [{ at: -Infinity, value }];
  }

  get value() {
    return this.points[this.points.length - 1].value;
  }

  /** `moving`: it is known to have moved from the value before to this one, however long that took. */
  set(at, value, moving = false) {
    const last = this.points[this.points.length - 1];
    if (at <= last.at) last.value = value;
    else this.points.push({ at, value, moving });
  }

  at(wall) {
    let i = this.points.length - 1;
    while (i > 0 && this.points[i].at > wall) i -= 1;
    const here = this.points[i];
    const next = this.points[i + 1];
    if (!next || (!next.moving && next.at - here.at > JOINED)) return here.value;
    if (here.at === -Infinity) return here.value;
    return here.value + ((next.value - here.value) * (wall - here.at)) / (next.at - here.at);
  }

  /** What lies before is asked for no more. */
  forget(wall) {
    let keep = 0;
    while (keep + 1 < this.points.length && this.points[keep + 1].at <= wall) keep += 1;
    this.points.splice(0, keep);
  }
}
