// What a client has of a room's history, against a server that is played: random losses, also while it replays, histories that are
// shed and replaced, and pages.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Channel } from './support/core.mjs'
import { seeded } from './support/clock.mjs'
import { World, onItsClock, HELLO } from './support/world.mjs'

const KEPT = 12

/** One room: numbers that rise with gaps, and what is kept of it. */
class Room {
  constructor(epoch, seq) { Object.assign(this, { epoch, seq, evicted: seq, log: [] }) }

  record(n, gap) {
    this.seq += 1 + gap
    this.log.push({ $seq: this.seq, type: 'said', n })
    while (this.log.length > KEPT) this.evict()
    return this.log.at(-1)
  }

  evict() { this.evicted = this.log.shift()?.$seq ?? this.evicted }

  /** What who comes with this position is told, and sent. */
  enter(position, recent) {
    const [, epoch, seq] = /^(.*)\..*:(.*)$/.exec(position ?? '') ?? []
    const at = `${this.epoch}.s`
    const fresh = why => [{ type: '$joined', id: 'c', at, seq: this.seq, fresh: why }, ...this.log.slice(-recent || this.log.length)]
    if (!position) return fresh('first')
    if (epoch !== this.epoch) return fresh('replaced')
    if (seq < this.evicted) return fresh('expired')
    const missed = this.log.filter(({ $seq }) => $seq > seq)
    return [{ type: '$joined', id: 'c', at, seq: this.seq, resumed: missed.length }, ...missed]
  }
}

async function schedule(world, seed) {
  const random = seeded(seed)
  const below = n => Math.floor(random() * n)
  const recent = below(3)
  let room = new Room('E0', below(5))
  let said = 0, epochs = 0
  // What the client must have, and what it has: since it was fresh.
  let all = [], has = [], resumes = 0
  const channel = new Channel('/room/a', { ...world.options, retry: { base: 10, cap: 10 } })
  channel.on('$joined', ({ fresh, resumed }) => {
    if (fresh) [all, has] = [[], []]
    else resumes++
    assert.notEqual(fresh, resumed !== undefined)
  })
  channel.on('said', ({ n }) => has.push(n))
  const enter = async () => {
    const { socket } = world
    if (socket?.state !== 'connecting') return
    socket.accept()
    socket.say(HELLO)
    const frames = room.enter(new URL(socket.url).searchParams.get('$resume'), recent)
    // A cut between any two of them; the first is whole.
    for (const [index, frame] of frames.entries()) {
      if (index && random() < 0.03) return world.end(1006)
      // Who had the first of the newest ones has the others, too, if later.
      if (index === 1 && frames[0].fresh) all.push(...frames.slice(1).map(({ n }) => n))
      socket.say(frame)
      // What the server sends twice is heard once.
      if (random() < 0.05 && frame.type === 'said') socket.say(frame)
    }
  }
  const steps = {
    enter,
    wait: () => world.clock.advance(20),
    say() {
      const frame = room.record(said++, below(2))
      // Who is away has to have it, too, or be fresh.
      if (channel.status.state !== 'closed') all.push(frame.n)
      if (channel.status.state === 'open') world.socket.say(frame)
    },
    end: () => channel.status.state === 'open' && random() < 0.5 && world.end(1006),
    evict: () => random() < 0.2 && room.evict(),
    replace() {
      if (random() > 0.1) return
      room = new Room(`E${++epochs}`, below(3))
      if (channel.status.state === 'open') for (const frame of room.enter('x.s:0', 0)) world.socket.say(frame)
    },
  }
  channel.open()
  await world.clock.settle()
  try {
    for (let i = 0; i < 150; i++) {
      const names = Object.keys(steps)
      await steps[names[below(names.length)]]()
      await world.clock.settle()
      // In order, none twice, and none missing in between.
      assert.deepEqual(has, all.slice(0, has.length), `after ${i}`)
    }
    while (channel.status.state !== 'open') {
      await steps.wait()
      await enter()
      await world.clock.settle()
    }
    assert.deepEqual(has, all)
  } finally {
    channel.close()
  }
  return resumes
}

test('a client has all that was said since it was fresh, in order and once, whatever is lost', async () => {
  let resumes = 0
  for (let seed = 1; seed <= 300; seed++) {
    await onItsClock(async world => { resumes += await schedule(world, seed) })().catch(error => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error })
    })
  }
  assert.ok(resumes > 300, `only ${resumes}`)
})
