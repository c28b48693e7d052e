// A clock that stands still until it is told, in the place of the engine's timers, and random numbers that are given.

const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random }

export class Clock {
  now = 1_800_000_000_000
  timers = new Map()
  id = 0

  /** `random`: a function from nothing to [0, 1). */
  static install(random = () => 0.5) {
    const clock = new Clock()
    globalThis.setTimeout = (act, ms = 0) => {
      clock.timers.set(++clock.id, { act, at: clock.now + Math.max(1, Math.floor(ms)) })
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
    for (let i = 0; i < 30; i++) await undefined
  }

  /** The earliest timer that is due, or none. */
  next(until) {
    let found
    for (const [id, { at }] of this.timers) if (at <= until && (found === undefined || at < this.timers.get(found).at)) found = id
    return found
  }

  async advance(ms) {
    const end = this.now + ms
    await this.settle()
    for (let id; (id = this.next(end)) !== undefined;) {
      const { act, at } = this.timers.get(id)
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
      if (this.state !== 'ended') this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) })
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
