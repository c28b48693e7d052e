// A page in React's strict mode: two components of one room.

import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useChannel, useMessage, useRoomState, useStatus } from '../../../channel-runtime/src/contract/typescript/react.ts'
import { Chat } from '../types/chat.ts'

const retry = { base: 50, cap: 200, uptime: 50 }

function Room({ id }: { id: string }) {
  const chat = useChannel(Chat, { room_id: id }, { retry })
  const { state } = useStatus(chat)
  const [prefix, setPrefix] = useState('a')
  const [lines, setLines] = useState<string[]>([])
  useMessage(chat, 'chat_message', m => setLines([...lines, `${prefix}:${m.message}`]))
  const said = useRoomState(chat, [] as string[], (said, m) => m.type === '$joined' ? m.fresh ? [] : said : m.type === 'chat_message' ? [...said, m.message] : said)
  return <main data-state={state} data-said={said.join(',')}>
    <button className="say" onClick={() => void chat.chatMessage({ message: String(lines.length) })}>say</button>
    <button className="prefix" onClick={() => setPrefix('b')}>b</button>
    <output>{lines.join(',')}</output>
  </main>
}

function App() {
  const [on, set] = useState(true)
  const [id, setId] = useState('r')
  return <>
    <button id="toggle" onClick={() => set(!on)}>toggle</button>
    <button id="other" onClick={() => setId('other')}>other</button>
    {on && <><Room id={id} /><Room id={id} /></>}
  </>
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<StrictMode><App /></StrictMode>)
