import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Browser, Example, Redis, TEST } from './harness.mjs'

let browser

before(async () => { browser = await Browser.start() }, TEST)
after(async () => { await browser?.stop() }, TEST)

/** The example of this name, for the tests of one `describe`. */
function serve(name, environment = () => ({})) {
  const served = {}
  before(async () => {
    browser.complaints.length = 0
    served.example = await Example.start(name, await environment())
    served.open = (path = '/') => browser.open(`${served.example.url}${path}`)
  }, TEST)
  after(async () => {
    // A page that is left open would try to reconnect, and complain.
    await browser.closeAll()
    assert.equal(await served.example?.stop(), 0)
  }, TEST)
  return served
}

describe('notifications', () => {
  const served = serve('notifications')

  test('are pushed to one, to several and to all', TEST, async () => {
    const [ann, bob, cat] = [await served.open('/#ann'), await served.open('/#bob'), await served.open('/#cat')]
    for (const page of [ann, bob, cat]) await page.shows('hooks', 'on_connect')
    const push = async (to, text) => {
      for (const box of await cat.role('to').all()) await box.setChecked(to.includes(await box.getAttribute('data-to')), { force: true })
      await cat.fill('text', text)
      await cat.click('push')
    }

    await push(['all'], 'To everybody')
    for (const page of [ann, bob, cat]) await page.shows('inbox', 'To everybody')
    await cat.shows('receipt', 'pushed to 3 devices')
    await push(['ann', 'bob'], 'To two')
    for (const page of [ann, bob]) await page.shows('inbox', 'To two')
    await cat.shows('receipt', 'pushed to 2 devices')
    await push(['bob'], 'To one')
    await bob.shows('inbox', 'To one')
    await cat.shows('receipt', 'pushed to 1 device')
    await push(['all'], 'And good night')
    for (const page of [ann, bob, cat]) await page.shows('inbox', 'And good night')

    const texts = page => page.role('inbox').locator('li span').allInnerTexts()
    assert.deepEqual(await texts(ann), ['And good night', 'To two', 'To everybody'])
    assert.deepEqual(await texts(bob), ['And good night', 'To one', 'To two', 'To everybody'])
    assert.deepEqual(await texts(cat), ['And good night', 'To everybody'])
    for (const page of [ann, bob, cat]) await page.close()
  })

  test('are read on all devices at once', TEST, async () => {
    const [phone, laptop] = [await served.open('/#bob'), await served.open('/#bob')]
    for (const page of [phone, laptop]) await page.shows('unread', '4')
    await phone.role('inbox').locator('[data-id="2"]').click()
    for (const page of [phone, laptop]) {
      await page.shows('unread', '3')
      assert.deepEqual(await page.role('inbox').locator('[data-read="true"] span').allInnerTexts(), ['To one'])
    }
    await laptop.picture('notifications')
    await laptop.click('read-all')
    await phone.role('unread', '[data-unread="0"]').waitFor({ state: 'attached' })
    for (const page of [phone, laptop]) await page.close()

    // It was the server that kept it.
    const tablet = await served.open('/#bob')
    await tablet.shows('hooks', 'on_connect')
    await tablet.role('unread', '[data-unread="0"]').waitFor({ state: 'attached' })
    assert.equal(await tablet.role('inbox').locator('[data-read="true"]').count(), 4)
    await tablet.close()
  })

  test('that are refused, or for a server that is not there, are told to be', TEST, async () => {
    const page = await served.open('/#eve')
    await page.shows('hooks', 'on_connect')
    await page.enter('text', '"\\u200b"')
    await page.click('push')
    await page.shows('receipt', 'A notification needs words')
    await page.enter('text', '"half \\ud83d"')
    await page.click('push')
    await page.shows('inbox', 'half \ufffd')
    await page.page.route('**/notify', route => route.abort())
    await page.click('push')
    await page.shows('receipt', 'the server is not there')
    await page.close()
    // The browser has told of both.
    browser.complaints.length = 0
  })

  test('show which hooks ran', TEST, async () => {
    const page = await served.open('/#dora')
    await page.shows('hooks', 'on_connect')
    await page.click('nonsense')
    await page.shows('hooks', 'on_invalid')
    await page.shows('hooks', 'This channel only listens to binary messages')
    await page.click('reconnect')
    await page.shows('hooks', 'on_close')
    await page.picture('notifications-hooks')
    assert.deepEqual(browser.complaints, [])
  })
})

describe('secure', () => {
  const served = serve('secure')
  const knock = (page, how) => page.click('attempt', `[data-with="${how}"]`)

  test('lets in who has a token and a right', TEST, async () => {
    const [ada, ben, eve] = [await served.open(), await served.open(), await served.open()]
    await ada.picture('secure-idle')
    await ada.click('connect')
    await ada.shows('status', 'Connected as ada', '[data-status="open"]')
    await ben.role('user').selectOption('ben')
    await ben.click('connect')
    await ben.shows('status', 'Connected as ben', '[data-status="open"]')
    await knock(eve, 'eve handbook valid')
    await eve.shows('status', 'Connected as eve', '[data-status="open"]')

    await ada.fill('document', 'Be kind.')
    await ada.click('save')
    for (const page of [ada, ben, eve]) {
      await page.shows('writer', 'last written by ada')
      assert.equal(await page.role('document').inputValue(), 'Be kind.')
    }
    await ben.fill('document', 'Be kind, and brief.')
    await ben.click('save')
    for (const page of [ada, ben, eve]) await page.shows('writer', 'last written by ben')
    await ada.picture('secure-open')

    await eve.fill('document', 'Be late.')
    await eve.click('save')
    await eve.shows('error', 'You may read this document, but not write it')
    assert.equal(await ada.role('document').inputValue(), 'Be kind, and brief.')
  })

  test('turns away everybody else, and the page knows why', TEST, async () => {
    const page = await served.open()
    const refusals = [
      ['ben payroll valid', '4403', 'access denied'],
      ['eve handbook forged', '4401', 'invalid token'],
      ['ada handbook expired', '4401', 'invalid token'],
      ['ben handbook none', '4401', 'a token is needed'],
    ]
    for (const [how, code, reason] of refusals) {
      await knock(page, 'ada payroll valid')
      await page.shows('status', 'Connected as ada')
      await knock(page, how)
      await page.shows('status', 'Refused', '[data-status="refused"]')
      assert.deepEqual([await page.text('code'), await page.text('reason')], [code, reason])
    }
    await page.picture('secure-refused')
  })

  test('says where there is no server', TEST, async () => {
    const page = await served.open()
    await page.page.route('**/login', route => route.abort())
    await page.click('connect')
    await page.shows('status', 'Closed', '[data-status="closed"]')
    assert.deepEqual([await page.text('code'), await page.text('reason')], ['', 'The server is not there'])
    await page.page.unroute('**/login')
    await page.click('connect')
    await page.shows('status', 'Connected as ada')
    await page.close()
    browser.complaints.length = 0
  })

  test('renews a token where it is, and lets go of whom it no longer allows', TEST, async () => {
    const page = await served.open()
    await knock(page, 'ada payroll valid')
    await page.shows('status', 'Connected as ada')
    await page.click('renew')
    await page.shows('expiry', 'The token was renewed')
    // The token is in no address, and what the page shows of it is not the token.
    assert.ok(!(await page.text('wire')).includes(await page.text('token')))
    await page.click('revoke')
    await page.click('renew')
    await page.shows('status', 'Closed', '[data-status="closed"]')
    assert.equal(await page.text('code'), '4403')

    await page.role('token-kind').selectOption('short')
    await page.role('resource').selectOption('handbook')
    await page.click('connect')
    await page.shows('status', 'Connected as ada')
    // By itself, when the server says that it is time.
    await page.shows('expiry', 'The token was renewed')
    await page.role('renews').uncheck()
    await page.shows('status', 'Closed', '[data-status="closed"]')
    assert.deepEqual([await page.text('code'), await page.text('reason')], ['4401', 'the authority has expired'])
    assert.deepEqual(browser.complaints, [])
  })
})

describe('users', () => {
  const served = serve('users')

  /** The letters that a device shows, each as `way: text`. */
  async function letters(page, device) {
    return page.part(`[data-device="${device}"]`).role('letters').locator('li').evaluateAll(lines =>
      lines.map(line => `${line.dataset.way}: ${line.lastChild.textContent}`))
  }

  async function send(page, device, to, text) {
    const part = page.part(`[data-device="${device}"]`)
    await part.role('to').selectOption(to)
    await part.fill('text', text)
    await part.click('send')
    await part.shows('letters', text)
  }

  test('have several devices, and letters find them all', TEST, async () => {
    const page = await served.open()
    await page.role('device', '[data-status="open"]').nth(4).waitFor()
    await page.part('[data-device="ann/phone"]').shows('count', 'one of 2 devices')
    await page.part('[data-device="bob/laptop"]').shows('count', 'the only device')

    await send(page, 'ann/phone', 'bob', 'to bob')
    await page.part('[data-device="ann/phone"]').shows('receipt', 'reached 2 devices')
    await send(page, 'bob/laptop', 'ann, cat', 'to two')
    await page.part('[data-device="bob/laptop"]').shows('receipt', 'reached 4 devices')
    await send(page, 'cat/tablet', 'everybody else', 'to all')
    await page.part('[data-device="cat/tablet"]').shows('receipt', 'reached 3 devices')
    for (const device of ['ann/phone', 'ann/laptop', 'bob/laptop']) await page.part(`[data-device="${device}"]`).shows('letters', 'to all')
    await page.part('[data-device="cat/phone"]').shows('letters', 'to two')

    assert.deepEqual(await letters(page, 'ann/phone'), ['out: to bob', 'in: to two', 'in: to all'])
    assert.deepEqual(await letters(page, 'ann/laptop'), ['own: to bob', 'in: to two', 'in: to all'])
    assert.deepEqual(await letters(page, 'bob/laptop'), ['in: to bob', 'out: to two', 'in: to all'])
    assert.deepEqual(await letters(page, 'cat/phone'), ['in: to two'])
    assert.deepEqual(await letters(page, 'cat/tablet'), ['in: to two', 'out: to all'])
    await page.picture('users')

    await page.fill('new-user', 'bob')
    await page.fill('new-device', 'phone')
    await page.click('add')
    await page.part('[data-device="bob/laptop"]').shows('count', 'one of 2 devices')
    await page.part('[data-device="bob/laptop"]').click('power')
    await page.part('[data-device="bob/phone"]').shows('count', 'the only device')
    assert.deepEqual(browser.complaints, [])
    await page.close()
  })

  test('are called on all their devices, until one picks up or five seconds are over', TEST, async () => {
    const page = await served.open()
    await page.fill('new-user', 'bob')
    await page.fill('new-device', 'phone')
    await page.click('add')
    const [ann, laptop, phone] = ['ann/phone', 'bob/laptop', 'bob/phone'].map(name => page.part(`[data-device="${name}"]`))
    for (const bob of [laptop, phone]) await bob.shows('count', 'one of 2 devices')
    const rings = async () => { for (const bob of [laptop, phone]) await bob.shows('ring', 'ann calls') }
    const ringsNoMore = async () => { for (const bob of [laptop, phone]) await bob.role('ring').waitFor({ state: 'hidden' }) }
    await ann.role('to').selectOption('bob')

    await ann.click('call')
    await rings()
    await page.picture('users-call')
    await phone.click('accept')
    await ann.shows('receipt', 'bob is on the line')
    await phone.shows('receipt', 'on the line with ann')
    await ringsNoMore()
    assert.equal(await laptop.text('receipt'), '')

    await ann.click('call')
    await rings()
    await ann.shows('receipt', 'bob did not answer')
    await ringsNoMore()
    assert.equal(await laptop.text('receipt'), '')
    assert.equal(await page.role('ring').filter({ visible: true }).count(), 0)
    await page.picture('users-missed')
    assert.deepEqual(browser.complaints, [])
    await page.close()
  })
})

describe('axum', () => {
  const served = serve('axum')

  test('shows the news of a topic to whoever watches it', TEST, async () => {
    const [ann, bob, cat] = [await served.open('/#bakery'), await served.open('/#bakery'), await served.open('/#caf%C3%A9')]
    await bob.shows('watching', '2 watching “bakery”')
    await cat.shows('watching', '1 watching “café”')
    await ann.fill('text', 'fresh bread')
    await ann.click('publish', ' button')
    await ann.shows('receipt', 'heard by 2')
    for (const page of [ann, bob]) await page.shows('news', 'fresh bread')
    await cat.fill('topic', 'bakery')
    await cat.click('watch', ' button')
    await cat.shows('watching', '3 watching “bakery”')
    await cat.fill('text', 'more bread')
    await cat.click('publish', ' button')
    for (const page of [ann, bob, cat]) await page.shows('news', 'more bread')
    assert.equal(await cat.role('news', ' li').count(), 1)
    await cat.picture('topics')
    assert.deepEqual(browser.complaints, [])
    for (const page of [ann, bob, cat]) await page.close()
  })
})

describe('batched', () => {
  const served = serve('batched')

  test('stores what all sensors measure in few commits', TEST, async () => {
    const page = await served.open()
    for (const name of ['roof', 'cellar', 'garden', 'kitchen']) await page.part(`[data-sensor="${name}"][data-status="open"]`).within.waitFor()
    await page.fill('each', '10')
    await page.click('measure', ' button')
    await page.shows('receipt', '40 of 40 stored')
    assert.equal(await page.role('receipt', '[data-failed]').count(), 0)
    await page.picture('batched')
    assert.deepEqual(browser.complaints, [])
    await page.close()
  })
})

describe('metrics', () => {
  const served = serve('metrics')

  test('tells what was said and what was wrong', TEST, async () => {
    const page = await served.open()
    await page.shows('numbers', 'channels_connections{channel="Chat"} 1')
    await page.fill('text', 'hello')
    await page.click('say', ' button')
    await page.shows('numbers', 'channels_received_total{channel="Chat",type="say"} 1')
    await page.click('say', ' button')
    await page.shows('numbers', 'channels_faults_total{channel="Chat",code="application"} 1')
    await page.picture('metrics')
    assert.deepEqual(browser.complaints, [])
    await page.close()
  })
})

describe('pooled', () => {
  let redis

  before(async () => { redis = await Redis.start() }, TEST)
  after(async () => { await redis?.stop(); redis?.remove() }, TEST)
  const served = serve('pooled', () => ({ REDIS_URL: redis.url }))

  test('counts votes in Redis, and says when it is gone', TEST, async () => {
    const [ann, bob] = [await served.open(), await served.open()]
    const vote = async (page, drink) => page.part(`[data-drink="${drink}"]`).within.click()
    for (const page of [ann, bob]) await page.shows('status', 'open')
    await vote(ann, 'tea')
    for (const page of [ann, bob]) await page.shows('drinks', 'Tea 1')
    await vote(bob, 'tea')
    await vote(bob, 'coffee')
    for (const page of [ann, bob]) await page.shows('drinks', 'Coffee 1')
    for (const page of [ann, bob]) await page.shows('drinks', 'Tea 2')
    await redis.stop()
    await vote(ann, 'water')
    await ann.shows('trouble', 'try again in a moment')
    await ann.picture('polls')
    await redis.start()
    await vote(ann, 'water')
    for (const page of [ann, bob]) await page.shows('status', 'open')
    assert.deepEqual(browser.complaints, [])
    for (const page of [ann, bob]) await page.close()
  })
})

describe('tls', () => {
  const served = serve('tls')

  test('shows the chat over https and wss', TEST, async () => {
    const page = await served.open()
    assert.match(page.page.url(), /^https:/)
    await page.fill('room-input', 'crab corner')
    const socket = page.page.waitForEvent('websocket')
    await page.click('join')
    assert.match((await socket).url(), /^wss:/)
    await page.shows('system', 'Welcome to room crab corner')
    assert.deepEqual(browser.complaints, [])
    await page.close()
  })
})
