// The page of a server's channels. All that it knows is in `asyncapi.json`; it connects by the generated client, `client.js`.

import * as client from './client.js'
import { Form, Unfit, make } from './form.js'

/** Where the channels are: the page may stand below a prefix. */
const base = new URL('..', import.meta.url)
const FRAMES = 500
const find = id => document.getElementById(id)

const contract = await (await fetch(new URL('asyncapi.json', import.meta.url))).json()
const at = pointer => pointer.slice(2).split('/').reduce((part, key) => part[key], contract)
const form = new Form(at)

document.title = `${contract.info.title}: channels`
find('title').textContent = contract.info.title
find('version').textContent = contract.info.version

// ---- what a channel has

class Described {
  constructor(name, channel) {
    this.name = name
    this.channel = channel
    const pointer = `#/channels/${name}`
    const own = Object.entries(contract.operations).filter(([, operation]) => operation.channel.$ref === pointer)
    this.receives = own.filter(([, operation]) => operation.action === 'receive').map(([id, operation]) => ({ id, operation, message: this.message(operation.messages[0]) }))
    this.sends = own.filter(([, operation]) => operation.action === 'send').flatMap(([, operation]) => operation.messages.map(reference => this.message(reference)))
    this.faults = new Map(this.receives.flatMap(({ operation }) => operation['x-faults'] ?? []).map(code => [code, contract.components['x-faults']?.[code] ?? {}]))
    this.parameters = Object.entries(channel.parameters ?? {})
    this.query = channel.bindings?.ws?.query
    this.made = Object.values(client).find(made => made?.fingerprint && made.fingerprint === channel['x-fingerprint'])
    // What the core does not speak: another envelope, and raw text.
    this.isRaw = Boolean(channel['x-envelope']) || !this.made
  }

  message(reference) {
    return at(at(reference.$ref).$ref)
  }
}

// ---- the log

class Log {
  element = find('log')
  #asked = new Map()

  constructor() {
    find('clear').addEventListener('click', () => this.element.replaceChildren())
  }

  /** A new connection, whose answers are to no earlier question. */
  forget() {
    this.#asked.clear()
  }

  frame(direction, data) {
    if (typeof data !== 'string') return this.add(direction, 'binary', `${data.byteLength ?? data.size} bytes`)
    let frame
    try {
      frame = JSON.parse(data)
    } catch {
      return this.add(direction, 'text', data)
    }
    const type = frame?.type ?? frame?.method ?? 'text'
    // As it travels: what was parsed has lost the digits of large integers.
    if (frame?.ref === undefined) return this.add(direction, type, data)
    if (direction === 'said') {
      this.#asked.set(frame.ref, { type, at: performance.now() })
      return this.add(direction, type, data, `asks as ${frame.ref}`)
    }
    const asked = this.#asked.get(frame.ref)
    const note = asked ? `answers ${asked.type} ${frame.ref} after ${(performance.now() - asked.at).toFixed(0)} ms` : undefined
    this.add(direction, type, data, note)
  }

  add(direction, name, text, note) {
    const isAtEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40
    const heading = name === 'error' ? `error ${/"code": ?"([^"]*)"/.exec(text)?.[1] ?? ''}` : name
    this.element.append(make('li', { 'data-direction': direction, class: name === 'error' || name === 'not sent' ? 'fault' : undefined, 'data-role': 'frame' },
      make('div', { class: 'head' }, make('b', { text: heading }), make('time', { text: new Date().toLocaleTimeString() }), note && make('span', { class: 'note', text: note }) || undefined),
      text ? make('pre', { text }) : undefined))
    while (this.element.childElementCount > FRAMES) this.element.firstChild.remove()
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight
  }
}

const log = new Log()

/** A socket whose frames are logged. */
class LoggedSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols)
    log.forget()
    this.addEventListener('message', ({ data }) => log.frame('heard', data))
    this.addEventListener('close', ({ code, reason }) => log.add('note', `closed with ${code}`, reason))
  }

  send(data) {
    log.frame('said', data)
    super.send(data)
  }
}

// ---- a connection

/** By the generated class, but for its path, which is made of the form's fields. */
class Typed {
  constructor({ made }, path, options, changed) {
    this.socket = Reflect.construct(client.Channel, [path, { ...options, url: base, WebSocket: LoggedSocket }], made)
    this.socket.on('$status', changed)
    this.socket.on('$outdated', () => log.add('note', 'the server has another version', 'reload this page'))
    this.socket.open()
  }

  async ask(type, payload) {
    const tried = await client.attempt(this.socket.request(type, payload))
    // A fault is a frame, and is in the log.
    if (!tried.ok && tried.error.kind !== 'fault') log.add('note', 'not sent', `${type}: ${tried.error.message}`)
  }

  say(type, payload) {
    if (!this.socket.send(type, payload)) log.add('note', 'not sent', `${type}: not connected, or its rate is used up`)
  }

  close() {
    this.socket.close()
  }
}

/** Without the core: texts as they are entered. */
class Raw {
  constructor({ channel }, path, { query }, changed) {
    const url = new URL(base)
    url.protocol = url.protocol.replace('http', 'ws')
    url.pathname = url.pathname.replace(/\/$/, '') + path
    url.search = new URLSearchParams(query)
    changed({ state: 'connecting' })
    this.socket = new LoggedSocket(url, channel['x-subprotocols']?.names ?? [])
    this.socket.addEventListener('open', () => changed({ state: 'open' }))
    this.socket.addEventListener('close', () => changed({ state: 'closed' }))
  }

  text(text) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text)
    else log.add('note', 'not sent', 'not connected')
  }

  close() {
    this.socket.close()
  }
}

// ---- the view

let connection
let shown

function disconnect() {
  connection?.close()
  connection = undefined
}

const docs = text => text ? make('p', { class: 'docs', text }) : undefined
const facts = items => {
  const all = items.filter(Boolean).map(item => make('li', {}, item))
  return all.length ? make('ul', { class: 'facts' }, ...all) : undefined
}
const code = text => make('code', { text })

function rate(rate) {
  if (!rate) return
  const { count, seconds, burst, per_user } = rate
  const within = seconds === 1 ? 'a second' : `in ${seconds} s`
  return `at most ${count} ${within}${burst !== count ? `, ${burst} at once` : ''}${per_user ? ', over all connections of a user' : ''}`
}

function connectionCard(described) {
  const status = make('strong', { class: 'status', text: 'not connected', 'data-role': 'status', role: 'status' })
  const parameters = described.parameters.map(([name, { description, enum: values }]) =>
    [name, form.field(name, values ? { enum: values } : { type: 'string', minLength: 1 }, undefined, description)])
  const token = form.field('Token', { type: 'string' }, undefined, 'Sent as a subprotocol. Leave it empty for none.')
  token.input.type = 'password'
  const query = form.field('Query', { type: 'object', properties: described.query?.properties, required: described.query?.required, additionalProperties: { type: 'string' } }, undefined, 'Parameters behind the path.')
  const connect = make('button', { class: 'first', text: 'Connect', 'data-role': 'connect' })
  const end = make('button', { type: 'button', text: 'Disconnect', disabled: true, 'data-role': 'disconnect', onclick: disconnect })
  const changed = ({ state, until, last, by }) => {
    if (shown !== described) return
    const fault = last?.fault ? `: ${last.fault.message}` : ''
    status.dataset.state = state
    status.textContent = state === 'waiting' ? `tries again in ${Math.max(0, Math.round((until - Date.now()) / 1000))} s${fault}` : state === 'closed' && by === 'server' ? `closed by the server${fault}` : state
    const isOver = state === 'closed'
    end.disabled = isOver
    connect.textContent = isOver ? 'Connect' : 'Connect again'
  }
  const start = event => {
    event.preventDefault()
    try {
      const values = new Map(parameters.map(([name, field]) => [name, field.read()]))
      const path = described.channel.address.replaceAll(/\{([^}]*)\}/g, (_, name) => client.segment(values.get(name)))
      const options = { query: query.read(), token: token.read() || null }
      disconnect()
      connection = new (described.isRaw ? Raw : Typed)(described, path, options, changed)
    } catch (error) {
      log.add('note', 'not sent', error.message)
    }
  }
  return make('form', { class: 'card', onsubmit: start, novalidate: true },
    make('div', { class: 'bar' }, make('h2', { text: 'Connection' }), status),
    ...parameters.map(([, field]) => field.element),
    make('details', { open: Boolean(described.query?.required) }, make('summary', { text: 'Token and query' }), described.isRaw ? undefined : token.element, query.element),
    make('div', { class: 'row' }, make('span', {}), end, connect))
}

/** A message of the client's: its form, or its JSON. */
function saidCard({ operation, message }) {
  const { properties: { type, ref, ...properties } = {}, ...payload } = message.payload
  const schema = { ...payload, properties, required: payload.required?.filter(key => key !== 'type'), description: undefined }
  // What is optional is left out until it is asked for.
  const example = Object.fromEntries(Object.entries(message.examples?.[0]?.payload ?? {}).filter(([key]) => schema.required?.includes(key)))
  const place = make('div', { role: 'tabpanel' })
  let current
  const showForm = value => {
    current = form.object('Payload', undefined, schema, value)
    place.replaceChildren(Object.keys(properties).length || schema.allOf || schema.additionalProperties ? current.element : make('p', { class: 'hint', text: 'This message has no fields.' }))
  }
  const showJson = value => {
    current = form.labelled('Payload as JSON', undefined, form.json(value))
    place.replaceChildren(current.element)
  }
  const tab = (name, show) => make('button', { type: 'button', role: 'tab', text: name, 'data-role': `tab-${name.toLowerCase()}`, onclick: ({ target }) => {
    if (target.getAttribute('aria-selected') === 'true') return
    let value = example
    try {
      value = current.read()
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
    }
    show(JSON.parse(JSON.stringify(value, (_, value) => typeof value === 'bigint' ? Number(value) : value)))
    for (const other of tabs.children) other.setAttribute('aria-selected', String(other === target))
  } })
  const tabs = make('div', { class: 'tabs', role: 'tablist', 'aria-label': 'How the payload is entered' }, tab('Form', showForm), tab('JSON', showJson))
  tabs.children[0].setAttribute('aria-selected', 'true')
  tabs.children[1].setAttribute('aria-selected', 'false')
  showForm(example)
  const act = asks => event => {
    event.preventDefault()
    try {
      const value = current.read()
      if (!connection) log.add('note', 'not sent', `${message.name}: not connected`)
      else if (asks) connection.ask(message.name, value)
      else connection.say(message.name, value)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      log.add('note', 'not sent', error.message)
    }
  }
  const answers = (operation.reply?.messages ?? []).map(({ $ref }) => $ref.split('/').at(-1))
  const faults = operation['x-faults'] ?? []
  return make('details', { class: 'message', 'data-role': 'said', 'data-type': message.name },
    make('summary', {}, code(message.name)),
    docs(operation.description ?? operation.summary),
    facts([
      operation['x-deprecated'] !== undefined && `deprecated. ${operation['x-deprecated']}`,
      rate(operation['x-rate']),
      operation['x-timeout-ms'] && `answered within ${operation['x-timeout-ms']} ms`,
      operation['x-batch'] && 'handled in batches',
      operation['x-idempotent'] && 'handled once, however often it is sent',
    ]),
    answers.length ? make('p', { class: 'hint' }, 'Answers: ', ...answers.flatMap((name, index) => [index ? ', ' : '', code(name)])) : undefined,
    faults.length ? make('p', { class: 'hint' }, 'Faults: ', ...faults.flatMap((name, index) => [index ? ', ' : '', code(name)])) : undefined,
    make('form', { onsubmit: act(true), novalidate: true }, tabs, place,
      make('div', { class: 'row' }, make('span', {}), make('button', { type: 'button', text: 'Send without asking', 'data-role': 'say', onclick: act(false) }), make('button', { class: 'first', text: 'Send', 'data-role': 'ask' }))))
}

/** For what the core does not speak. */
function rawCard() {
  const input = make('textarea', { class: 'mono', spellcheck: 'false', 'data-role': 'raw' })
  const field = form.labelled('A frame as text', 'It is sent as it stands.', { input })
  const send = event => {
    event.preventDefault()
    if (connection) connection.text(input.value)
    else log.add('note', 'not sent', 'not connected')
  }
  return make('form', { onsubmit: send }, field.element, make('div', { class: 'row' }, make('span', {}), make('button', { class: 'first', text: 'Send', 'data-role': 'ask' })))
}

function describedCard(message) {
  const schema = make('pre', { text: JSON.stringify(message.payload, null, 2) })
  return make('details', { class: 'message', 'data-role': 'heard', 'data-type': message.name },
    make('summary', {}, code(message.name)), docs(message.summary ?? message.payload?.description),
    message.examples?.[0] ? make('pre', { text: JSON.stringify(message.examples[0].payload, null, 2) }) : undefined,
    make('details', {}, make('summary', { text: 'Schema' }), schema))
}

function faultsCard(described) {
  const rows = [...described.faults].map(([name, { message, description, details }]) => make('tr', {},
    make('td', {}, code(name)), make('td', { text: message ?? '' }),
    make('td', {}, ...[description ?? '', details ? make('pre', { text: JSON.stringify(form.plain(details).properties ?? form.plain(details)) }) : ''])))
  if (!rows.length) return
  return make('section', { class: 'card', 'data-role': 'faults' }, make('h2', { text: 'Faults of its handlers' }),
    make('table', {}, make('thead', {}, make('tr', {}, ...['Code', 'Message', 'About'].map(text => make('th', { text, scope: 'col' })))), make('tbody', {}, ...rows)))
}

function show(described) {
  disconnect()
  shown = described
  const { name, channel } = described
  for (const button of find('channels').querySelectorAll('button')) button.setAttribute('aria-current', button.textContent === name)
  const said = described.receives.filter(({ message }) => message.contentType === 'application/json')
  const rooms = channel['x-rooms'] ?? []
  find('channel').replaceChildren(...[
    make('section', { class: 'card' }, make('h2', { text: name }), make('p', {}, code(channel.address)), docs(channel.description),
      facts([
        channel['x-envelope'] && `in the envelope ${channel['x-envelope']}: the messages below are payloads`,
        channel['x-subprotocols'] && `subprotocols ${channel['x-subprotocols'].names.join(', ')}`,
        rooms.length > 0 && `rooms ${rooms.map(({ kind, history }) => kind + (history ? `, with the last ${history.size} messages` : '')).join(', ')}`,
        channel['x-history'] && `keeps the last ${channel['x-history'].size} messages`,
      ])),
    connectionCard(described),
    make('section', { class: 'card' }, make('h2', { text: 'Clients send' }),
      ...described.isRaw ? [rawCard(), ...said.map(({ message }) => describedCard(message))] : said.map(saidCard)),
    make('section', { class: 'card' }, make('h2', { text: 'Clients receive' }), ...described.sends.map(describedCard)),
    faultsCard(described),
  ].filter(Boolean))
}

const all = Object.entries(contract.channels).map(([name, channel]) => new Described(name, channel))
find('channels').replaceChildren(...all.map(described => make('li', {}, make('button', { type: 'button', text: described.name, onclick: () => {
  show(described)
  find('channel').focus()
} }))))
if (all.length) show(all[0])
