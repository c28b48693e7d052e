// The page of the board. Each message that it sends or hears is typed by channels.ts, which is made from ../main.rs.
import { attempt, Board, type Color, type Point, type Status, type Stroke } from './channels.ts'

const COLORS: Color[] = ['ink', 'red', 'amber', 'green', 'blue']
const WIDTH = 4
const MOST = 2000 // points of a stroke, as the server has it

const role = <E extends HTMLElement>(name: string) => document.querySelector<E>(`[data-role="${name}"]`)!
const canvas = role<HTMLCanvasElement>('paper')
const paint = canvas.getContext('2d')!

let strokes: Stroke[] = []
/** What was drawn here and is not answered yet. */
const unanswered = new Set<Line>()
const pens = new Map<number, Point>()
let color: Color = 'ink'
let line: Line | undefined
let isDue = false

interface Line { color: Color; width: number; points: Point[] }

let board = open()
addEventListener('hashchange', () => {
  board.close()
  board = open()
})

function open(): Board {
  const name = nameOf(location.hash)
  document.title = `Board ${name}`
  document.querySelector('h1')!.textContent = name
  const board = new Board({ name })
  board.on('$status', show)
  // Whoever left meanwhile took their pen along.
  board.on('$joined', () => { pens.clear(); draw() })
  // All there is, at first. Who was cut off is sent what it missed instead, and draws on.
  board.on('drawing', message => { strokes = message.strokes; draw() })
  board.on('stroke_added', ({ stroke }) => { strokes.push(stroke); draw() })
  board.on('stroke_removed', ({ id }) => { strokes = strokes.filter(stroke => stroke.id !== id); draw() })
  board.on('pointed', ({ person, at }) => { at ? pens.set(person, at) : pens.delete(person); draw() })
  board.on('people', ({ count }) => { role('count').textContent = `${count} here` })
  board.on('error', fault => say(fault.message))
  return board.open()
}

function nameOf(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1)) || 'plans'
  } catch {
    return 'plans'
  }
}

function show(status: Status): void {
  const element = role('status')
  element.dataset['status'] = status.state
  element.textContent = status.state
  if (status.state === 'closed' && status.last?.fault) say(status.last.fault.message)
}

function say(text: string): void { role('said').textContent = text }

async function finish(drawn: Line): Promise<void> {
  unanswered.add(drawn)
  const tried = await attempt(board.draw(drawn))
  unanswered.delete(drawn)
  draw()
  if (tried.ok) return say('')
  switch (tried.error.kind) {
    case 'fault':
      // The details are typed by the code.
      if (tried.error.code === 'board.full') return say(`Full: ${tried.error.details.most} points. Take something back.`)
      return say(tried.error.message)
    case 'lost':
    case 'timeout':
      return say('The connection broke. The stroke is on the board, or it is not.')
    default:
      return say('Not drawn: there was no connection.')
  }
}

async function undo(): Promise<void> {
  const tried = await attempt(board.undo())
  say(tried.ok ? '' : tried.error.message)
}

// What is on the paper

function draw(): void {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    paint.clearRect(0, 0, canvas.width, canvas.height)
    for (const stroke of strokes) trace(stroke)
    for (const drawn of unanswered) trace(drawn)
    if (line) trace(line)
    for (const [person, [x, y]] of pens) {
      paint.fillStyle = `hsl(${(person * 137) % 360} 70% 50%)`
      paint.beginPath()
      paint.arc(x, y, 9, 0, 7)
      paint.fill()
    }
  })
}

function trace({ color, width, points }: Line): void {
  const [first, ...others] = points
  if (!first) return
  paint.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${color}`)
  paint.lineWidth = width
  paint.lineCap = paint.lineJoin = 'round'
  paint.beginPath()
  paint.moveTo(...first)
  for (const point of others.length ? others : [first]) paint.lineTo(...point)
  paint.stroke()
}

function at({ clientX, clientY }: PointerEvent): Point {
  const { left, top, width, height } = canvas.getBoundingClientRect()
  const within = (value: number, most: number) => Math.round(Math.min(Math.max(value, 0), 1) * most)
  return [within((clientX - left) / width, canvas.width), within((clientY - top) / height, canvas.height)]
}

canvas.addEventListener('pointerdown', event => {
  canvas.setPointerCapture(event.pointerId)
  line = { color, width: WIDTH, points: [at(event)] }
  draw()
})

let pointed = 0
canvas.addEventListener('pointermove', event => {
  // Where a pen is matters now or not at all: it is sent, and not asked.
  if (event.timeStamp - pointed > 50) {
    pointed = event.timeStamp
    board.send('point', { at: at(event) })
  }
  if (!line) return
  line.points.push(at(event))
  if (line.points.length === MOST) lift()
  draw()
})
canvas.addEventListener('pointerleave', () => board.send('point', { at: null }))
canvas.addEventListener('pointerup', lift)
canvas.addEventListener('pointercancel', lift)

function lift(): void {
  if (line) void finish(line)
  line = undefined
}

role('undo').addEventListener('click', () => void undo())
document.querySelector('fieldset')!.append(...COLORS.map(name => {
  const label = document.createElement('label')
  label.innerHTML = `<input type="radio" name="color" data-role="color" value="${name}" aria-label="${name}"><i style="background: var(--${name})"></i>`
  const input = label.querySelector('input')!
  input.checked = name === color
  input.addEventListener('change', () => { color = name })
  return label
}))
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
