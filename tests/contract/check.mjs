// What the documents of a contract promise, as checks that return what is wrong. AsyncAPI's own parser passes examples that don't
// fit, replies that are no messages of their channel, and schemas of other dialects: hence checks of our own.

import { Parser } from '@asyncapi/parser'
import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const IS_WARNING = 1

/** A validator of JSON Schema 2020-12, in strict mode. Returns `check(name, value)`. */
export function schemas(document) {
  const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true }))
  ajv.addVocabulary(['x-channels-fingerprint', 'x-channels', 'x-delivery'])
  ajv.addSchema(document, 'document')
  for (const name of Object.keys(document.$defs)) ajv.getSchema(`document#/$defs/${name}`)
  return (name, value) => {
    const validate = ajv.getSchema(`document#/$defs/${name}`)
    if (!validate) throw new Error(`no definition ${name}`)
    return validate(value) ? [] : validate.errors.map(error => `${name}${error.instancePath} ${error.message}`)
  }
}

const at = (document, pointer) => pointer.slice(2).split('/').reduce((part, key) => part?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document)

/** An AsyncAPI document with its payloads ready to validate. */
export class Contract {
  #payloads = new Map()

  constructor(document) {
    this.document = document
    this.ajv = addFormats(new Ajv({ strict: true, allErrors: true }))
    const move = schema => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"schemas#/definitions/'))
    this.ajv.addSchema({ $id: 'schemas', definitions: move(document.components.schemas) })
    for (const [name, message] of Object.entries(document.components.messages)) {
      if (message.contentType === 'application/json') this.#payloads.set(name, this.ajv.compile(move(message.payload)))
    }
  }

  /** The names in `components.messages` that messages of an operation or a reply have. */
  names(messages) {
    return messages.map(({ $ref }) => at(this.document, $ref)?.$ref?.split('/').at(-1))
  }

  operations(channel, action) {
    const all = Object.values(this.document.operations)
    return all.filter(operation => operation.action === action && operation.channel.$ref === `#/channels/${channel}`)
  }

  /** Those of these messages that a frame validates against. */
  fitting(names, frame) {
    return names.filter(name => this.#payloads.get(name)?.(frame))
  }

  /** What is wrong with a frame, which has to be one and only one of these messages. */
  one(names, frame) {
    const fitting = this.fitting(names, frame)
    return fitting.length === 1 ? [] : [`${JSON.stringify(frame)} is ${fitting.join(' and ') || `none of ${names.join(', ')}`}`]
  }

  /** What is wrong with a recorded session: `['said' | 'heard', frame]` in order. */
  session(channel, frames) {
    const receives = this.operations(channel, 'receive')
    const asked = new Map()
    return frames.flatMap(([direction, frame]) => {
      if (String(frame.type).startsWith('$')) return this.one(Object.keys(this.document.components.messages).filter(name => name.startsWith('channels.')), frame)
      if (direction === 'said') {
        const operation = receives.find(({ messages }) => this.fitting(this.names(messages), frame).length > 0)
        if (operation && 'ref' in frame) asked.set(frame.ref, operation)
        return this.one(receives.flatMap(({ messages }) => this.names(messages)), frame)
      }
      if (asked.has(frame.ref)) return this.one(this.names(asked.get(frame.ref).reply.messages), frame)
      return this.one(this.operations(channel, 'send').flatMap(({ messages }) => this.names(messages)), frame)
    })
  }

  /** What is wrong with the document as a whole. */
  async complaints() {
    const { diagnostics } = await new Parser().parse(structuredClone(this.document))
    const wrong = diagnostics.filter(({ severity }) => severity <= IS_WARNING).map(({ message, path }) => `${path.join('.')}: ${message}`)
    for (const [name, { channel, messages, reply }] of Object.entries(this.document.operations)) {
      const own = at(this.document, channel.$ref)
      for (const { $ref } of [...messages, ...reply?.messages ?? []]) {
        const message = at(this.document, $ref)
        if (!message || !Object.values(own.messages).includes(message)) wrong.push(`${name}: ${$ref} is no message of its channel`)
        else if (!at(this.document, message.$ref)) wrong.push(`${name}: ${message.$ref} is not there`)
      }
    }
    for (const [name, { address, parameters = {} }] of Object.entries(this.document.channels)) {
      const named = [...address.matchAll(/\{([^}]*)\}/g)].map(match => match[1])
      if (named.join() !== Object.keys(parameters).join()) wrong.push(`${name}: the parameters of ${address} are not ${Object.keys(parameters)}`)
    }
    for (const [name, message] of Object.entries(this.document.components.messages)) {
      for (const { payload } of message.examples ?? []) {
        if (this.fitting([name], payload).length === 0) wrong.push(`an example of ${name} does not fit: ${JSON.stringify(payload)}`)
      }
    }
    for (const channel of Object.keys(this.document.channels)) {
      if (this.document.channels[channel]['x-envelope']) continue // A payload alone does not say what it is.
      for (const action of ['receive', 'send']) {
        const names = [...new Set(this.operations(channel, action).flatMap(({ messages }) => this.names(messages)))]
        for (const name of names) {
          for (const { payload } of this.document.components.messages[name]?.examples ?? []) wrong.push(...this.one(names, payload))
        }
      }
    }
    return wrong
  }
}
