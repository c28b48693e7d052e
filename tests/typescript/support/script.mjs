// Plays a script of tests/vectors/scripts, as its README says, to a client in this process. Runs in Node, Deno and Bun.

import { Clock, sockets } from './clock.mjs'

const sorted = value => JSON.stringify(value, (_, v) => v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v)

const padded = (message, { pad }) => pad === undefined ? message : { ...message, pad: 'x'.repeat(pad) }

function equal(found, wanted, what) {
  if (sorted(found) !== sorted(wanted)) throw new Error(`${what}: found ${sorted(found)}, and not ${sorted(wanted)}`)
}

/** Rejects with the first step that does not hold. */
export async function play(script, { Channel, Fault, NoAnswer, whoIsPresent }) {
  const { client, random = [0.5], steps } = script
  let drawn = 0
  const clock = Clock.install(() => random[Math.min(drawn++, random.length - 1)])
  const all = [], dials = [], frames = [], events = [], calls = [], asked = [], questions = [], gives = [], answers = new Map(), aborts = new Map()
  const WebSocket = sockets(socket => {
    all.push(socket)
    dials.push(socket)
    socket.onsent = text => frames.push(named(JSON.parse(text)))
  })
  const ids = []
  /** Whatever the client has for `$id`, by its place: `id1`, `id2`. */
  const named = frame => {
    const { $id } = frame
    if ($id === undefined) return frame
    if (typeof $id !== 'string' || !$id || new TextEncoder().encode($id).length > 64) throw new Error(`${$id} is no $id`)
    if (!ids.includes($id)) ids.push($id)
    return { ...frame, $id: `id${ids.indexOf($id) + 1}` }
  }
  const options = { url: 'http://server', WebSocket, retry: client.retry, query: client.query, at: client.at }
  if (client.token === true) options.token = why => new Promise((resolve, reject) => { asked.push(why); calls.push({ resolve, reject }) })
  else if (client.token !== undefined) options.token = client.token
  if (client.greet) options.greet = say => client.greet.forEach(([type, payload]) => say(type, payload))
  class Scripted extends Channel {
    static fingerprint = client.fingerprint ?? ''
    static rates = client.rates ?? {}
    static timeouts = client.timeouts ?? {}
    static idempotent = Object.fromEntries((client.idempotent ?? []).map(type => [type, true]))
    present = whoIsPresent(this)
    constructor() { super(client.path, options) }
  }
  const channel = new Scripted()
  for (const type of client.answers ?? []) channel.answer(type, question => {
    questions.push(question)
    return new Promise((resolve, reject) => gives.push({ resolve, reject }))
  })
  channel.on('$message', message => events.push({ message }))
  channel.on('$joined', ({ type, ...joined }) => events.push({ joined }))
  channel.on('$outdated', ({ how }) => events.push({ outdated: how }))
  channel.on('$moved', path => events.push({ moved: path }))
  channel.on('$presence', () => events.push({ presence: true }))
  channel.on('error', fault => events.push({ error: fault.code }))

  const take = (list, what) => {
    if (!list.length) throw new Error(`there is no ${what}`)
    return list.shift()
  }
  const settled = () => [...answers].filter(([, answer]) => answer.done)
  const nothing = () => equal(
    [dials.length, frames, events, asked, settled().map(([name]) => name), questions], [0, [], [], [], [], []],
    'dials, frames, events, calls, answers, questions',
  )
  const does = {
    open: () => channel.open(),
    close: () => channel.close(),
    send: ([type, payload], { is }) => equal(channel.send(type, payload), is, 'send'),
    request([type, payload], { as, timeout, step }) {
      const abort = new AbortController()
      const answer = {}
      answers.set(as, answer)
      aborts.set(as, abort)
      const reason = {}
      const done = found => { answer.done = found }
      channel.request(type, padded(payload, step), { ...timeout !== undefined && { timeout }, signal: abort.signal }).then(
        value => done({ value }),
        error => done(
          error instanceof Fault ? { fault: error.code } : error instanceof NoAnswer ? { no: error.kind }
            : error === abort.signal.reason ? { aborted: true } : { error: String(error) },
        ),
      )
    },
    abort: name => aborts.get(name).abort(),
    token: token => take(calls, 'call').resolve(token),
    token_fails: () => take(calls, 'call').reject(new Error('no')),
    question: wanted => equal(take(questions, 'question'), wanted, 'question'),
    give: answer => take(gives, 'call').resolve(answer),
    give_fault: code => take(gives, 'call').reject(new Fault(code, 'no')),
    accept: (_, { socket }) => socket.accept(),
    refuse: (_, { socket }) => socket.end(1006),
    say: (message, { socket }) => socket.say(message),
    say_text: (text, { socket }) => socket.say(text),
    end: (code, { socket, reason }) => socket.end(code, reason),
    wait: ms => clock.advance(ms),
    dial({ path, offers, resume }) {
      const socket = take(dials, 'dial')
      const url = new URL(socket.url)
      if (path !== undefined) equal(url.pathname + url.search, path, 'path')
      if (offers !== undefined) equal(socket.offers, offers, 'offers')
      if (resume !== undefined) equal(url.searchParams.getAll('$resume'), resume, 'positions')
    },
    frame: (wanted, { step }) => equal(take(frames, 'frame'), padded(wanted, step), 'frame'),
    asked: wanted => equal(take(asked, 'call'), wanted, 'why'),
    event: wanted => equal(take(events, 'event'), wanted, 'event'),
    answer(name, { step: { answer, ...wanted } }) {
      const { done } = answers.get(name)
      if (!done) throw new Error(`${name} has not settled`)
      answers.delete(name)
      equal(done, Object.keys(wanted).length ? wanted : { value: undefined }, name)
    },
    status(wanted) {
      const { status } = channel
      const found = { ...status, in: status.until - clock.now, code: status.last?.code, fault: status.last?.fault?.code }
      equal(Object.fromEntries(Object.keys(wanted).map(key => [key, found[key]])), wanted, 'status')
    },
    present(wanted) {
      const { present } = channel
      equal({ count: present.count, whole: present.isWhole, users: Object.fromEntries(present) }, wanted, 'present')
    },
    dropped: (_, { socket }) => { if (!socket.closedWith) throw new Error('the socket was not dropped') },
    timers: wanted => equal(clock.timers.size, wanted, 'timers'),
    nothing,
  }
  try {
    for (const [index, step] of steps.entries()) {
      const verb = Object.keys(does).find(verb => verb in step)
      try {
        if (!verb) throw new Error('no such step')
        await does[verb](step[verb], { ...step, step, socket: all[step.on ?? all.length - 1] })
        await clock.settle()
      } catch (error) {
        throw new Error(`step ${index}, ${JSON.stringify(step)}: ${error.message}`, { cause: error })
      }
    }
    nothing()
  } finally {
    clock.uninstall()
  }
}
