/** Which of the page's parts is shown: who is there, which clips there are, or one of them. */
import { Pass } from './pass.js';
import { Practice, practised } from './practice.js';
import { recover } from './saver.js';
import { Gamepad } from './slider.js';

const $ = (id) => document.getElementById(id);
const NAME = 'affectory-trace-rater';
const pad = new Gamepad();
const wanted = new URLSearchParams(location.search);
let rater = '';
let asks = false;
let pass = null;

const headers = () => (asks ? { 'X-Affectory-Rater': encodeURIComponent(rater) } : {});

async function get(path) {
  const answer = await fetch(path, { headers: headers() });
  const told = await answer.json().catch(() => null);
  if (answer.ok && told === null) throw new Error('log in again first');
  if (!answer.ok) throw new Error(told?.error ?? `the server answered ${answer.status}`);
  return told;
}

function show(part) {
  for (const id of ['who', 'clips', 'trace']) $(id).hidden = id !== part;
}

function kept(name) {
  try {
    return sessionStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

/** Somebody's name, where nobody else told it; another tab may be another person. */
function ask() {
  show('who');
  $('who-name').focus();
  return new Promise((done) => {
    $('who-form').addEventListener('submit', (event) => {
      event.preventDefault();
      rater = $('who-name').value.trim();
      if (!rater) return;
      try {
        sessionStorage.setItem(NAME, rater);
      } finally {
        done();
      }
    });
  });
}

async function clips() {
  const tasks = await get('api/tasks');
  show('clips');
  document.title = 'Clips to trace';
  const left = tasks.filter((task) => Object.values(task.scales).some((state) => state !== 'finished'));
  $('clips-left').textContent = !tasks.length
    ? 'There is nothing to trace for you.'
    : left.length
      ? `${left.length} of ${tasks.length} to do.`
      : 'All done. Thank you.';
  $('clips-list').replaceChildren(...tasks.map(listed));
  document.querySelector('#clips-list a:not(.finished)')?.focus();
}

function listed(task) {
  const item = document.createElement('li');
  const title = document.createElement('strong');
  title.textContent = task.title;
  item.append(title);
  for (const [scale, state] of Object.entries(task.scales)) {
    const link = document.createElement('a');
    link.href = `?${new URLSearchParams({ task: task.uid, scale })}`;
    link.className = state;
    link.textContent = `${scale}${{ finished: ' ✓', draft: ' (begun)', none: '' }[state]}`;
    item.append(link);
  }
  return item;
}

function key(uid, scale) {
  return `affectory-trace:${rater}:${uid}:${scale}`;
}

function addresses(uid, scale) {
  const clip = `media/${encodeURIComponent(uid)}${asks ? `?${new URLSearchParams({ rater })}` : ''}`;
  const url = `api/traces/${encodeURIComponent(uid)}/${encodeURIComponent(scale)}`;
  return { clip, url, headers: headers(), key: key(uid, scale) };
}

async function load(uid) {
  const path = `api/tasks/${encodeURIComponent(uid)}`;
  const task = await get(path);
  for (const { name } of task.scales) {
    const to = addresses(uid, name);
    await recover(to.url, to.headers, to.key);
  }
  return get(path);
}

async function trace(uid, name) {
  const task = await load(uid);
  const scale = task.scales.find((one) => one.name === name) ?? task.scales.find((one) => one.state !== 'finished');
  show('trace');
  document.title = task.title;
  const chosen = scale ?? task.scales[0];
  if (chosen.state === 'finished') return finished(task, chosen);
  return begin(task, chosen, chosen.revision, chosen.seq, chosen.samples);
}

async function begin(task, scale, revision, seq, samples) {
  if (!practised()) await new Practice(pad).run();
  pass?.close();
  const to = addresses(task.uid, scale.name);
  const submitted = () => {
    pass.close();
    Object.assign(scale, { state: 'finished', revision });
    finished(task, scale);
  };
  pass = new Pass({ task, scale, revision, seq, samples, to, pad, submitted });
  history.replaceState(null, '', `?${new URLSearchParams({ task: task.uid, scale: scale.name })}`);
  $('slider').focus({ preventScroll: true });
}

/** What was submitted, and what comes next; it is not shown again. */
async function finished(task, scale) {
  const other = task.scales.find((one) => one.state !== 'finished');
  const clip = other ? null : await following(task).catch(() => null);
  $('done-what').textContent = `${task.title}: ${scale.name}`;
  $('next').textContent = other ? `Next: ${other.name}` : clip ? `Next clip: ${clip.title}` : 'To the list of clips';
  const dialog = $('done');
  dialog.returnValue = '';
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener('close', done, { once: true }));
  if (dialog.returnValue === 'again') begin(task, scale, scale.revision + 1, 0, []);
  else if (other) begin(task, other, other.revision, other.seq, other.samples);
  else location.search = clip ? `?${new URLSearchParams({ task: clip.uid })}` : '';
}

async function following(task) {
  const tasks = await get('api/tasks');
  const place = tasks.findIndex((one) => one.uid === task.uid);
  const todo = (one) => Object.values(one.scales).some((state) => state !== 'finished');
  return [...tasks.slice(place + 1), ...tasks.slice(0, place)].find(todo) ?? null;
}

async function main() {
  $('help').addEventListener('click', () => pass?.help());
  ({ rater, asks } = await get('api/me'));
  if (asks) {
    rater = kept(NAME);
    if (!rater) await ask();
  }
  const uid = wanted.get('task');
  await (uid ? trace(uid, wanted.get('scale')) : clips());
}

main().catch((error) => {
  show('clips');
  $('clips-left').textContent = `This cannot be shown: ${error.message}. Reload the page to try again.`;
});
