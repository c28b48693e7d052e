// A clock that stands still until it is told, in the place of the engine's timers, and random numbers that are given.

const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random }

const before = ([a, x], [b, y]) => a < b || a === b && x < y

export class Clock {
  now = 1_800_000_000_000
  /** By their ids, in the order in which they were set. */
  timers = new Map()
  /** A binary heap of `[at, id]`; one that is no longer in `timers` was cleared. */
  heap = []
  id = 0

  /** `random`: a function from nothing to [0, 1). */
  static install(random = () => 0.5) {
    const clock = new Clock()
    globalThis.setTimeout = (act, ms = 0) => {
      clock.timers.set(++clock.id, act)
      clock.push([clock.now + Math.max(1, Math.floor(ms)), clock.id])
      return clock.id
    }
    globalThis.clearTimeout = id => void clock.timers.delete(id)
    Date.now = () => clock.now
    Math.random = random
    return clock
  }

  uninstall() {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout })
    Date.now = real.now
    Math.random = real.random
  }

  /** Promises that are settled are seen to be. */
  async settle() {
    for (let i = 0; i < 12; i++) await undefined
  }

  push(entry) {
    const { heap } = this
    let i = heap.push(entry) - 1
    for (let up; i > 0 && before(entry, heap[up = (i - 1) >> 1]); i = up) heap[i] = heap[up]
    heap[i] = entry
  }

  pop() {
    const { heap } = this
    const [first] = heap
    const entry = heap.pop()
    if (!heap.length) return first
    let i = 0
    for (let down; (down = 2 * i + 1) < heap.length; i = down) {
      if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++
      if (!before(heap[down], entry)) break
      heap[i] = heap[down]
    }
    heap[i] = entry
    return first
  }

  async advance(ms) {
    const end = this.now + ms
    await this.settle()
    while (this.heap.length && this.heap[0][0] <= end) {
      const [at, id] = this.pop()
      const act = this.timers.get(id)
      if (!act) continue
      this.timers.delete(id)
      this.now = Math.max(this.now, at)
      act()
      await this.settle()
    }
    this.now = end
  }
}

/** Random numbers from a seed: mulberry32. */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A WebSocket without a network. `onDial` is given each new one. */
export function sockets(onDial) {
  return class FakeSocket {
    sent = []
    state = 'connecting'
    constructor(url, offers) {
      this.url = url
      this.offers = offers
      onDial(this)
    }
    accept() {
      if (this.state !== 'connecting') return
      this.state = 'open'
      this.onopen?.({})
    }
    say(message) {
      if (this.state === 'open' || this.state === 'closing') this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) })
    }
    end(code, reason = '') {
      this.state = 'ended'
      this.onclose?.({ code, reason })
    }
    send(text) {
      if (this.state === 'connecting') throw new Error('InvalidStateError')
      if (this.state === 'open') {
        this.sent.push(text)
        this.onsent?.(text)
      }
    }
    close(code, reason) {
      if (code !== 1000 && (code < 3000 || code > 4999) || new TextEncoder().encode(reason).length > 123) throw new Error('InvalidAccessError')
      this.closedWith = { code, reason }
      this.state = 'closing'
      this.ondropped?.()
    }
  }
}
