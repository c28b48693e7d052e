// What the tests share: a channel like the example `chat`'s, and to wait for its states.

import { Channel, segment } from './core.mjs'

export class Chat extends Channel {
  static fingerprint = '0123456789abcdef'
  static idempotent = { bid: true }
  constructor({ room_id }, options) { super(`/chat/${segment(room_id)}`, options) }
  chatMessage(message, call) { return this.request('chat_message', message, call) }
  ping(call) { return this.request('ping', {}, call) }
}

/** The status, as soon as it is in this state. */
export function until(channel, state) {
  if (channel.status.state === state) return Promise.resolve(channel.status)
  return new Promise(resolve => {
    const off = channel.on('$status', status => {
      if (status.state !== state) return
      off()
      resolve(status)
    })
  })
}

export const next = (channel, type) => new Promise(resolve => channel.on(type, resolve, { once: true }))
