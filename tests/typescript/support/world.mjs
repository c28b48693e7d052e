// A client on a clock that stands still, with a server that is played by the test.

import { Clock, sockets } from './clock.mjs'

export const HELLO = { type: '$hello', v: 1, ping_ms: 25_000, max_bytes: 65_536 }
export const JOINED = { type: '$joined', id: 'c1' }

export class World {
  dials = []
  frames = []

  constructor(random) {
    this.clock = Clock.install(random)
    this.WebSocket = sockets(socket => {
      socket.at = this.clock.now
      this.dials.push(socket)
      socket.onsent = text => {
        this.frames.push({ socket, ...JSON.parse(text) })
        this.onframe?.(socket, JSON.parse(text))
      }
      this.ondial?.(socket)
    })
    this.options = { url: 'http://server', WebSocket: this.WebSocket }
  }

  get socket() { return this.dials.at(-1) }
  get alive() { return this.dials.filter(({ state }) => state === 'connecting' || state === 'open') }

  /** The newest socket is let in. */
  async letIn() {
    await this.clock.settle()
    this.socket.accept()
    this.socket.say(HELLO)
    this.socket.say(JOINED)
    await this.clock.settle()
  }

  /** Until it dials again. */
  async redial() {
    const dials = this.dials.length
    while (this.dials.length === dials) await this.clock.advance(100)
  }

  async end(code, reason) {
    await this.clock.settle()
    this.socket.end(code, reason)
    await this.clock.settle()
  }
}

/** A test on a clock that stands still. */
export const onItsClock = (act, random) => async () => {
  const world = new World(random)
  try {
    await act(world)
  } finally {
    world.clock.uninstall()
  }
}
