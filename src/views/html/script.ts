/**
 * The script of the page: steps and plays through the events, and filters their table. The page can be read without it.
 *
 * A picture says when its parts happened: `data-t` is a time, and `data-end` the end of something that lasts, in microseconds
 * since the first event of the picture. The picture begins `data-from` microseconds after the first event of the page.
 */
export const pageScript = `'use strict'
const byId = (id) => document.getElementById(id)
for (const part of document.querySelectorAll('[data-script]')) part.hidden = false

const rows = [...document.querySelectorAll('tbody tr')]
const times = rows.map((row) => Math.round(row.firstElementChild.nextElementSibling.textContent * 1e6))
const [stage, panel, position, current, speed, chapter] =
  ['stage', 'panel', 'position', 'current', 'speed', 'chapter'].map(byId)
const pictures = [...document.querySelectorAll('.picture')]
/** When the chapters begin, or the run where it has none, each once. A chapter may have two pictures. */
const begins = [...new Set(pictures.map((picture) => Number(picture.dataset.from)))]
const marks = pictures.flatMap((picture) => {
  const from = Number(picture.dataset.from)
  return [...picture.querySelectorAll('[data-t]')].map((element) => {
    const { t, end } = element.dataset
    // A part without an end is never the one that lasts.
    return { element, t: from + Number(t), end: from + Number(end ?? t), state: '' }
  })
})
const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** The event that is chosen; before the first choice, the one before the chapter, and the whole picture is shown. */
let at = -1
/** The time that the picture shows, in microseconds. */
let time = 0
/** 1 while the run is played, -1 while it is played backward. */
let way = 0

function paint() {
  for (const mark of marks) {
    const state = mark.t > time ? 'later' : time < mark.end ? 'now' : ''
    if (state === mark.state) continue
    if (mark.state) mark.element.classList.remove(mark.state)
    if (state) mark.element.classList.add(state)
    mark.state = state
  }
  const now = Math.max(0, begins.findLastIndex((begin) => begin <= time))
  for (const picture of pictures) picture.hidden = Number(picture.dataset.from) !== begins[now]
  if (chapter) chapter.selectedIndex = now
}

/** Shows a whole chapter. */
function openChapter(index) {
  pause()
  unchoose()
  at = times.findIndex((t) => t >= begins[index]) - 1
  time = index + 1 < begins.length ? begins[index + 1] - 1 : Number.MAX_VALUE
  position.value = at + 1
  paint()
}

/** The parts of the picture that show this moment. Where there is none, the last one before it, if it is near. */
function marksAt(t) {
  const exact = marks.filter((mark) => mark.t === t || mark.end === t)
  if (exact.length > 0) return exact
  const before = marks.filter((mark) => mark.t < t && t - mark.t <= 1000)
  const last = Math.max(...before.map((mark) => mark.t))
  return before.filter((mark) => mark.t === last)
}

let chosen = []
function unchoose() {
  rows[at]?.removeAttribute('aria-current')
  for (const { element } of chosen) element.classList.remove('chosen')
  chosen = []
}

function choose(index) {
  unchoose()
  at = index
  time = times[at]
  const row = rows[at]
  row.setAttribute('aria-current', 'true')
  chosen = marksAt(time)
  for (const { element } of chosen) element.classList.add('chosen')
  paint()
  const [, seconds, who, kind, what] = [...row.cells].map((cell) => cell.textContent)
  const place = 'Event ' + (at + 1) + ' of ' + rows.length
  current.textContent = place + ', at ' + Number(seconds).toFixed(3) + ' s: ' + who + ', ' + kind + ': ' + what
  position.value = at
  position.setAttribute('aria-valuetext', place)
  reveal(row)
}

/** Scrolls the table, and not the page. A part of the table gets its real height only when it is seen, so it is done twice. */
function reveal(row, again = true) {
  const [seen, place] = [panel.getBoundingClientRect(), row.getBoundingClientRect()]
  const top = seen.top + panel.querySelector('thead').offsetHeight
  if (place.top < top || place.bottom > seen.bottom) panel.scrollTop += place.top - (top + seen.bottom) / 2
  if (again) requestAnimationFrame(() => reveal(row, false))
}

/** The next event that the filter shows. */
function after(index, step) {
  let next = index + step
  while (rows[next] && rows[next].hidden) next += step
  return rows[next] ? next : null
}

/** The address of the chosen event, for others to open. Browsers limit how often a page may change it. */
let renaming
function rename() {
  clearTimeout(renaming)
  renaming = setTimeout(() => history.replaceState(null, '', '#e' + (at + 1)), 200)
}

function go(index) {
  pause()
  if (index === null) return
  choose(index)
  rename()
}
const first = () => go(after(-1, 1))
const last = () => go(after(rows.length, -1))
const step = (direction) => go(after(at, direction))

const buttons = { 1: byId('play'), [-1]: byId('backward') }
const names = { 1: 'Play', [-1]: 'Play backward' }
let then, owed

/** A live region that changes many times a second cannot be followed. */
function hear() {
  current.setAttribute('aria-live', speed.selectedIndex === 0 ? 'polite' : 'off')
}

function play(direction) {
  const paused = way === direction
  pause()
  if (paused) return rename()
  way = direction
  buttons[way].textContent = 'Pause'
  hear()
  const start = after(at, way) ?? after(way > 0 ? -1 : rows.length, way)
  if (start === null) return pause()
  choose(start)
  ;[then, owed] = [performance.now(), 0]
  requestAnimationFrame(tick)
}

function pause() {
  if (way === 0) return
  buttons[way].textContent = names[way]
  way = 0
  current.setAttribute('aria-live', 'polite')
}

function tick(now) {
  if (way === 0) return
  const passed = Math.max(0, now - then)
  then = now
  const { unit, rate } = speed.selectedOptions[0].dataset
  let next = at
  let stop = false
  const advance = (isDue) => {
    for (;;) {
      const one = after(next, way)
      stop = one === null
      if (stop || !isDue(one)) return
      next = one
    }
  }
  let shown = time
  if (unit === 'events') {
    owed += (passed / 1000) * rate
    advance(() => owed-- >= 1)
    owed = Math.max(owed + 1, 0)
  } else {
    shown += way * passed * 1000 * rate
    advance((one) => (shown - times[one]) * way >= 0)
  }
  if (next !== at) choose(next)
  if (unit !== 'events') {
    time = shown
    if (!calm.matches) paint()
  }
  if (stop) {
    pause()
    return rename()
  }
  requestAnimationFrame(tick)
}

/** The event that is nearest in time. The times are in order. */
function nearestTo(t) {
  let [low, high] = [0, rows.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] < t) low = middle + 1
    else high = middle
  }
  return low > 0 && t - times[low - 1] < times[low] - t ? low - 1 : low
}

function follow() {
  const [, number] = /^#e(\\d+)$/.exec(location.hash) ?? []
  if (!number || !rows[number - 1]) return
  go(number - 1)
  // The browser moves the row to the top of the window, and the picture out of it, until the page is loaded.
  const up = () => requestAnimationFrame(() => {
    scrollTo(0, 0)
    reveal(rows[at])
  })
  if (document.readyState === 'complete') up()
  else addEventListener('load', up)
}

if (rows.length > 0) {
  byId('player').hidden = false
  for (const [id, act] of Object.entries({
    first,
    back: () => step(-1),
    backward: () => play(-1),
    play: () => play(1),
    next: () => step(1),
    last,
  })) byId(id).addEventListener('click', act)
  chapter?.addEventListener('change', () => openChapter(chapter.selectedIndex))
  speed.addEventListener('change', () => {
    if (way !== 0) hear()
  })
  position.addEventListener('input', () => go(Number(position.value)))
  panel.addEventListener('click', ({ target }) => {
    const row = target.closest('tbody tr')
    if (row && getSelection().isCollapsed) go(rows.indexOf(row))
  })
  for (const picture of pictures) {
    picture.addEventListener('click', ({ target }) => {
      const mark = marks.find(({ element }) => element === target.closest('[data-t]'))
      if (mark) go(nearestTo(mark.t))
    })
  }
  addEventListener('hashchange', follow)
  openChapter(0)
  follow()
}

const keys = {
  ' ': ({ shiftKey }) => play(shiftKey ? -1 : 1),
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  Home: first,
  End: last,
}
document.addEventListener('keydown', (event) => {
  const { target, key, ctrlKey, altKey, metaKey } = event
  const act = Object.hasOwn(keys, key) ? keys[key] : null
  if (!act || rows.length === 0 || ctrlKey || altKey || metaKey) return
  if (target.closest('input, select') || (key === ' ' && target.closest('button, a, summary'))) return
  // In a picture that is wider than its frame, the arrows scroll.
  if (target.scrollWidth > target.clientWidth && target.matches('.picture') && key.startsWith('Arrow')) return
  event.preventDefault()
  act(event)
})

const [words, who, kind, count] = ['words', 'who', 'kind', 'count'].map(byId)
let texts
function filter() {
  texts ??= rows.map((row) => [...row.cells].map((cell) => cell.textContent))
  const wanted = words.value.trim().toLowerCase()
  const left = new Map()
  rows.forEach((row, index) => {
    const [, , name, event, what] = texts[index]
    row.hidden = (who.value && name !== who.value) || (kind.value && event !== kind.value) ||
      !(name + ' ' + event + ' ' + what).toLowerCase().includes(wanted)
    const part = row.parentElement
    left.set(part, (left.get(part) ?? 0) + (row.hidden ? 0 : 1))
  })
  let sum = 0
  for (const [part, number] of left) {
    sum += number
    part.hidden = number === 0
    part.style.containIntrinsicHeight = number * 2 + 'em'
  }
  count.textContent = sum + ' of ' + rows.length + ' events'
}
for (const field of [words, who, kind]) field.addEventListener('input', filter)
words.form.addEventListener('submit', (event) => event.preventDefault())

const detail = byId('detail')
function show({ target }) {
  const title = target.closest('svg *:has(> title)')?.querySelector('title')
  if (title) detail.textContent = title.textContent
}
for (const picture of pictures) picture.addEventListener('pointerover', show)

/** At first the picture and the table are side by side. Wider: the table is below, and then the picture scrolls. */
let zoom = 1
for (const button of document.querySelectorAll('[data-zoom]')) {
  button.addEventListener('click', () => {
    zoom = Math.min(32, Math.max(1, zoom * Number(button.dataset.zoom)))
    stage.classList.toggle('wide', zoom > 1)
    stage.style.setProperty('--zoom', Math.max(1, zoom / 2))
  })
}
`
