/** Sends what is new every second, one save after the other, until each has arrived; what has not is kept in the
 *  browser, and sent when the page is opened again. */
const MOST = 3000; // samples in a save
const PATIENCE = 10_000;
const LONGEST_WAIT = 8_000;

const nothing = () => ({ cut_us: null, samples: [], gaps: [], finished: false });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export function newSession() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function put(url, headers, save) {
  const body = JSON.stringify(save);
  // Where a login has run out, a proxy may lead elsewhere: that is no answer.
  const options = { method: 'PUT', redirect: 'manual', body, headers: { ...headers, 'Content-Type': 'application/json' } };
  // A save under way when the page is left still arrives; browsers allow that to short ones.
  const answer = await fetch(url, { ...options, keepalive: body.length < 50_000, signal: AbortSignal.timeout(PATIENCE) });
  const told = await answer.json().catch(() => ({}));
  const away = answer.type === 'opaqueredirect' || (answer.ok && !Number.isInteger(told.seq));
  return { ...told, status: away ? 401 : answer.status };
}

export class Saver {
  /** `told(state, why)`: saved, saving, offline, refused or conflict. */
  constructor({ url, headers, key, revision, seq, told }) {
    Object.assign(this, { url, headers, key, revision, seq, told, session: newSession() });
    this.pending = nothing();
    this.sending = null;
    this.closed = false;
    this.since = performance.now();
  }

  add(samples, gaps = []) {
    this.pending.samples.push(...samples);
    this.pending.gaps.push(...gaps);
  }

  /** Everything from there on is taken back. */
  cut(us) {
    const p = this.pending;
    p.samples = p.samples.filter(([at]) => at < us);
    p.gaps = p.gaps.filter((gap) => gap.at_us < us);
    p.cut_us = p.cut_us === null ? us : Math.min(p.cut_us, us);
  }

  get dirty() {
    const p = this.pending;
    return p.samples.length > 0 || p.gaps.length > 0 || p.cut_us !== null || p.finished;
  }

  get unsent() {
    return this.sending !== null || this.dirty;
  }

  /** Save what there is; resolves once it has arrived. */
  flush() {
    this.#keep();
    this.running ??= this.#run().finally(() => (this.running = null));
    return this.running;
  }

  async finish() {
    this.pending.finished = true;
    while (this.unsent && !this.closed) await this.flush();
    return !this.closed;
  }

  #form() {
    const { cut_us, samples, gaps, finished } = this.pending;
    const now = performance.now();
    const spent_ms = Math.round(Math.min(120_000, Math.max(0, now - this.since)));
    this.since = now;
    const part = samples.slice(0, MOST);
    const last = part.length === samples.length;
    this.pending = { ...nothing(), samples: samples.slice(MOST), finished: finished && !last };
    const same = { session: this.session, revision: this.revision, seq: this.seq };
    return { ...same, cut_us, samples: part, gaps: gaps.slice(0, 200), spent_ms, finished: finished && last };
  }

  async #run() {
    let pause = 1000;
    while (this.unsent && !this.closed) {
      this.sending ??= this.#form();
      this.#keep();
      const answer = await put(this.url, this.headers, this.sending).catch(() => ({ status: 0 }));
      if (answer.status === 200) {
        this.seq = answer.seq;
        this.sending = null;
        pause = 1000;
        this.#keep();
        if (!this.unsent) this.told('saved');
      } else if (answer.status === 409) this.#close('conflict', answer.error);
      else if ([400, 404, 413, 415, 422].includes(answer.status)) this.#close('refused', answer.error);
      else {
        this.told('offline', answer.status === 401 || answer.status === 403 ? 'log in again in another tab' : '');
        await Promise.race([wait(pause), new Promise((done) => addEventListener('online', done, { once: true }))]);
        pause = Math.min(LONGEST_WAIT, pause * 2);
      }
    }
  }

  #close(state, why) {
    this.closed = true;
    this.told(state, why);
  }

  /** A second net under the network: it is allowed to be full or forbidden. */
  #keep() {
    try {
      if (!this.unsent) return localStorage.removeItem(this.key);
      const { seq, revision, session, sending, pending } = this;
      return localStorage.setItem(this.key, JSON.stringify({ seq, revision, session, sending, pending }));
    } catch {
      return null;
    }
  }
}

/** Send what an earlier page could not, before anything else is asked of the server. */
export async function recover(url, headers, key) {
  let left = null;
  try {
    left = JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return;
  }
  if (!left) return;
  let { seq } = left;
  const saves = [left.sending, ...later(left)].filter(Boolean);
  for (const save of saves) {
    const answer = await put(url, headers, { ...save, seq: save.seq ?? seq });
    if (answer.status >= 500 || answer.status === 429) throw new Error('the server does not answer');
    if (answer.status === 401 || answer.status === 403) throw new Error('log in again first');
    if (answer.status !== 200) break;
    seq = answer.seq;
  }
  localStorage.removeItem(key);
}

function later({ pending, session, revision }) {
  const { cut_us, samples, gaps, finished } = pending;
  if (!samples.length && !gaps.length && cut_us === null && !finished) return [];
  const parts = [];
  for (let i = 0; i === 0 || i < samples.length; i += MOST) parts.push(samples.slice(i, i + MOST));
  return parts.map((part, n) => ({
    session,
    revision,
    cut_us: n ? null : cut_us,
    samples: part,
    gaps: n ? [] : gaps.slice(0, 200),
    spent_ms: 0,
    finished: finished && n === parts.length - 1,
  }));
}
