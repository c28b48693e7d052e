// A page in React's strict mode: two components of one room. Its client and its hooks are those that are made for the server `auction`.

import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useAnswer, useChannel, useMessage, usePresent, useRoomState, useStatus } from 'made/channels.react.ts'
import { Auction } from 'made/channels.ts'

const options = { token: 'bidder-ann', query: { paddle: '7' }, retry: { base: 50, cap: 200, uptime: 50 } }

let amount = 0

function Lot({ lot }: { lot: string }) {
  const auction = useChannel(Auction, { lot }, options)
  const { state } = useStatus(auction)
  const [prefix, setPrefix] = useState('a')
  const [lines, setLines] = useState<string[]>([])
  useMessage(auction, 'highest', m => setLines([...lines, `${prefix}:${m.amount}`]))
  const bids = useRoomState(auction, [] as string[], (bids, m) => m.type === '$joined' ? m.fresh ? [] : bids : m.type === 'highest' ? [...bids, String(m.amount)] : bids)
  const [asked, setAsked] = useState('')
  useAnswer(auction, 'certain', ({ amount }) => {
    setAsked(`${prefix}:${amount}`)
    return { is_certain: prefix === 'b' }
  })
  const present = usePresent(auction)
  const bidders = [...present].map(([paddle, seen]) => `${paddle}: ${seen.map(({ bidder }) => bidder).join(' and ')}`)
  return <main data-state={state} data-bids={bids.join(',')} data-present={bidders.join(', ')} data-asked={asked}>
    <button className="bid" onClick={() => void auction.bid({ amount: ++amount })}>bid</button>
    <button className="prefix" onClick={() => setPrefix('b')}>b</button>
    <output>{lines.join(',')}</output>
  </main>
}

function App() {
  const [on, set] = useState(true)
  const [lot, setLot] = useState('vase')
  return <>
    <button id="toggle" onClick={() => set(!on)}>toggle</button>
    <button id="other" onClick={() => setLot('crown')}>other</button>
    {on && <><Lot lot={lot} /><Lot lot={lot} /></>}
  </>
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<StrictMode><App /></StrictMode>)
