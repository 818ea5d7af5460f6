import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { io } from 'socket.io-client'
import { endAll, type Home, makeHome, type RunningApp, runApp } from '../faults/support.ts'
import { connect, type LiveSocket } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { frameOf, openRawSocket, type RawSocket, rawExchange, signedInRaw, upgradeHeaders } from '../support/raw.ts'
import { besieged, refusedAck, refusedRaw } from './support.ts'

const parseError = { closes: true } as const

besieged('hostile sockets', (siege) => {
  const good = () => ({ creator_id: siege.creator.id, amount: 100, currency: 'ZMW' })

  describe('S1: a handshake', () => {
    const shake = (headers: string, query = 'EIO=4&transport=websocket') => rawExchange(siege.app.port, `GET /socket.io/?${query} HTTP/1.1\r\nHost: 127.0.0.1:${siege.app.port}\r\n${headers}\r\n`, 500)
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://127.0.0.1:1', 'file://', 'x'])
      it(`from the page ${origin}`, async () => refusedRaw(await shake(`${upgradeHeaders}Origin: ${origin}\r\n`), 403, 'origin'))
    it('from our own page is let in', async () => expect(await shake(`${upgradeHeaders}Origin: http://127.0.0.1:${siege.app.port}\r\n`)).to.match(/^HTTP\/1\.1 101 /))
    it('by polling', async () => expect(await shake('Connection: close\r\n', 'EIO=4&transport=polling')).to.match(/^HTTP\/1\.1 400 /))
    it('of another version of the protocol', async () => expect(await shake(upgradeHeaders, 'EIO=3&transport=websocket')).to.include('Unsupported protocol version').and.not.include('"sid"'))
    it('with the id of somebody else’s session', async () => expect(await shake(upgradeHeaders, 'EIO=4&transport=websocket&sid=abc')).to.match(/^HTTP\/1\.1 400 /))
    it('at another path', async () => expect(await rawExchange(siege.app.port, `GET /ws HTTP/1.1\r\nHost: x\r\n${upgradeHeaders}\r\n`, 2_000)).not.to.match(/ 101 /))
  })

  for (const auth of [undefined, {}, { token: 'x' }, { token: { $ne: '' } }, { token: ['a'] }, { token: null }, [], 'token', { token: 'x', pid: 'abc', offset: 'def' }, { __proto__: { token: 'x' } }])
    it(`S2: with auth ${JSON.stringify(auth)}`, async () => {
      // What is no object at all is no packet of the protocol either: the connection ends with it.
      expect(await knock(auth)).to.equal(auth === 'token' || Array.isArray(auth) ? 'closed' : 'unauthenticated')
    })
  it('S2: a private id of recovery that is supplied is ignored', async () => {
    const live = await siege.fan.socket()
    const again = io(siege.app.url, { transports: ['websocket'], auth: { token: siege.fan.token, pid: live.raw.id, offset: 'x' }, forceNew: true, reconnection: false })
    await new Promise((resolve) => again.once('connect', resolve as () => void))
    expect({ recovered: again.recovered, id: again.id }).not.to.include({ recovered: true }).and.not.to.include({ id: live.raw.id })
    again.close()
    live.close()
  })

  describe('S3: an event', () => {
    let live: LiveSocket
    beforeEach(async () => {
      live = await siege.fan.socket()
    })
    afterEach(() => live.close())

    it('without an ack is carried out, and refused by an error event', async () => {
      live.raw.emit('wallet:me')
      live.raw.emit('tip:send', { amount: 1 })
      expect(await live.next<object>('error')).to.include({ code: 'validation', status: 400 })
    })
    it('whose ack stands in the middle, or which has arguments to spare', async () => {
      live.raw.emit('wallet:me', {}, () => {}, 'behind')
      expect(await new Promise((resolve) => live.raw.emit('wallet:me', {}, 'more', 5, resolve))).to.have.property('ok', true)
    })
    for (const name of ['nothing:here', '__proto__', 'constructor', 'toString', 'account:login', 'account:register', 'alert:finished', '', 'x'.repeat(10_000)])
      it(`named ${JSON.stringify(name.slice(0, 20))}`, async () => void refusedAck(await live.call(name), 'unknown-event'))
    for (const payload of [5, 'text', null, [], [[]], true])
      it(`whose payload is ${JSON.stringify(payload)}`, async () => void refusedAck(await live.call('tip:send', payload as never), 'validation'))
    it('that is unknown, ten times in a minute, ends the connection', async () => {
      for (let n = 0; n < 10; n++) live.raw.emit(`nothing:${n}`)
      await live.closed
    })
  })

  describe('S3, S4: a packet', () => {
    const packets: [string, string | Buffer, { closes: true } | { answers: string }][] = [
      ['with a number as its event', '421[5,{}]', { answers: 'unknown-event' }],
      ['with a reserved name: disconnect', '42["disconnect"]', parseError],
      ['with a reserved name: newListener', '42["newListener",{}]', parseError],
      ['without an event', '42[]', parseError],
      ['that is an object', '42{"a":1}', parseError],
      ['that is no JSON', '42["x",', parseError],
      ['of a type that is none', '49["x"]', parseError],
      ['with an ack that is endless', `42${'9'.repeat(400)}["wallet:me"]`, { answers: '' }],
      ['that tells an error to the server', '44{"message":"x"}', { answers: '' }],
      ['that acks what was never sent', '431["x"]', { answers: '' }],
      ['for a room that is none', '40/admin,{}', { answers: '' }],
      ['for a namespace whose name is a path', '40/../overlay,{}', { answers: '' }],
      ['with eleven attachments', '4511-["tip:send",{"_placeholder":true,"num":0}]', parseError],
      ['with a billion attachments', '451000000000-["tip:send",{}]', parseError],
      ['with fewer than no attachments', '45-1-["tip:send",{}]', parseError],
      ['of binary kind with no attachment', '450-["tip:send",{}]', parseError],
      ['that promises an attachment and sends text', '451-["tip:send",{"_placeholder":true,"num":0}]', { answers: '' }],
      ['nested two thousand deep', `421["tip:send",${'['.repeat(2_000)}${']'.repeat(2_000)}]`, { answers: 'too-complex' }],
      ['that would be the prototype', '421["tip:send",{"__proto__":{"role":"admin"},"key":"k"}]', { answers: 'validation' }],
      ['of an unknown engine type', '9', parseError],
      ['that is empty', '', parseError],
    ]
    for (const [what, packet, outcome] of packets)
      it(what, async () => {
        const raw = await signedInRaw(siege.app.port, siege.fan.token)
        raw.text(String(packet))
        if ('closes' in outcome) await raw.closed
        else if (outcome.answers) expect(await acked(raw)).to.include(`"code":"${outcome.answers}"`)
        raw.destroy()
      })

    it('S4: of more than 64 KiB, in one frame or in many', async () => {
      const one = await signedInRaw(siege.app.port, siege.fan.token)
      one.text(`42["tip:send",{"message":"${'x'.repeat(65_536)}"}]`)
      expect(await one.closed).to.equal(1009)
      const many = await signedInRaw(siege.app.port, siege.fan.token)
      for (let n = 0; n < 9; n++) many.frame(n === 0 ? 1 : 0, Buffer.alloc(8_192, 'x'), false)
      expect(await many.closed).to.equal(1009)
    })
    it('S4: that announces a terabyte', async () => {
      const raw = await signedInRaw(siege.app.port, siege.fan.token)
      raw.bytes(Buffer.from([0x82, 0xff, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
      expect(await raw.closed).to.be.oneOf([1009, 1006, undefined])
    })
    it('S4: of bytes where JSON is due', async () => {
      const raw = await signedInRaw(siege.app.port, siege.fan.token)
      raw.frame(2, Buffer.from('42["tip:send",{}]'))
      await raw.closed
      const binary = await siege.fan.socket()
      for (const input of [Buffer.from('x'), { ...good(), message: Buffer.from('x'), key: 'k' }]) refusedAck(await binary.call('tip:send', input), 'validation')
      binary.close()
    })
    for (const [what, frame] of [
      ['not masked', Buffer.from([0x81, 0x02, 0x34, 0x32])],
      ['with a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
      ['of an opcode that is none', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
      ['that goes on with what never began', frameOf(0, Buffer.from('x'))],
      ['that is a ping of 126 bytes', frameOf(9, Buffer.alloc(126))],
      ['that is no UTF-8', frameOf(1, Buffer.from([0xff, 0xfe]))],
    ] as const)
      it(`S4: a frame ${what}`, async () => {
        const raw = await signedInRaw(siege.app.port, siege.fan.token)
        raw.bytes(frame)
        expect(await raw.closed).to.be.oneOf([1002, 1007])
      })
  })

  it('S6: naming rooms, other people or times', async () => {
    const live = await siege.fan.socket()
    for (const event of ['join', 'room:join', 'user:join', 'subscribe']) refusedAck(await live.call(event, { room: 'admin' }), 'unknown-event')
    for (const extra of [{ fan_id: siege.creator.id }, { user_id: siege.creator.id }, { sent_at: 'x' }, { seq: 1 }, { tip_id: 'tip_1' }, { room: 'admin' }])
      expect(refusedAck(await live.call('tip:send', { ...good(), ...extra, key: 's6' }), 'validation').errors?.[0]?.code).to.equal('unknown-field')
    refusedAck(await live.call('admin:check'), 'forbidden')
    refusedAck(await live.call('overlay:create'), 'forbidden')
    live.close()
  })

  it('S5: a flood is held back, then cut off', async () => {
    const raw = await signedInRaw(siege.app.port, siege.fan.token)
    raw.bytes(Buffer.concat(Array.from({ length: 1_000 }, (_each, n) => frameOf(1, Buffer.from(`42${n}["wallet:me",{}]`)))))
    const answers: string[] = []
    const collect = async (): Promise<void> => {
      for (;;) answers.push(await raw.next())
    }
    void collect()
    await raw.closed
    const limited = answers.filter((each) => each.includes('"code":"rate-limited"'))
    expect(limited.length).to.be.within(1, 10)
    expect(limited[0]).to.match(/"retry_after_ms":\d+/)
    expect(answers.filter((each) => each.includes('"ok":true')).length).to.be.at.most(40)
    const other = await siege.creator.socket()
    expect(await other.call('wallet:me'), 'others go on').to.include({ ok: true })
    other.close()
  })

  it('S5: a hundred sockets of one person leave the newest ten', async () => {
    const sockets: LiveSocket[] = []
    const closed: number[] = []
    for (let n = 0; n < 100; n++) {
      const live = await siege.fan.socket()
      void live.closed.then(() => closed.push(n))
      sockets.push(live)
    }
    expect(await sockets[0]?.next<object>('error')).to.include({ code: 'busy' })
    for (const live of sockets.slice(0, 90)) await live.closed
    expect(closed.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 90 }, (_each, n) => n))
    for (const live of sockets.slice(90)) {
      expect(await live.call('wallet:me')).to.include({ ok: true })
      live.close()
    }
    const other = await siege.creator.socket()
    expect(await other.call('wallet:me'), 'others go on').to.include({ ok: true })
    other.close()
  })

  async function acked(raw: RawSocket): Promise<string> {
    for (;;) {
      const message = await raw.next()
      if (message.startsWith('43')) return message
    }
  }

  function knock(auth: unknown): Promise<string> {
    const socket = io(siege.app.url, { transports: ['websocket'], auth: auth as object, forceNew: true, reconnection: false })
    return new Promise((resolve, reject) => {
      socket.once('connect', () => reject(new Error('It was let in')))
      socket.once('connect_error', (error) => {
        resolve(error.message)
        socket.close()
      })
      // A refusal closes the connection first and tells why in the same turn.
      socket.io.once('close', () => setImmediate(() => resolve('closed')))
    })
  }
})

besieged('S5: engine sessions that never say who they are', (siege) => {
  it('are bounded for one address, and dropped after five seconds', async () => {
    const idle = await Promise.all(Array.from({ length: 200 }, () => openRawSocket(siege.app.port)))
    expect(idle.filter((each) => each.refused)).to.deep.equal([])
    expect((await openRawSocket(siege.app.port)).refused).to.match(/ 429 /)
    expect(await connect(siege.app, '/', siege.fan.token).catch((error: Error) => error.message)).to.match(/websocket error/)
    await Promise.all(idle.map((each) => each.closed))
    const live = await siege.fan.socket()
    expect(await live.call('wallet:me')).to.include({ ok: true })
    live.close()
  })

  it('and those who do say so take no place from the next', async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => siege.fan.socket()))
    const idle = await Promise.all(Array.from({ length: 200 }, () => openRawSocket(siege.app.port)))
    expect(idle.filter((each) => each.refused)).to.deep.equal([])
    for (const each of idle) each.destroy()
    await Promise.all(idle.map((each) => each.closed))
    const live = await siege.fan.socket()
    for (const each of [...open, live]) each.close()
  })
})

describe('S4: a million tiny fragments', () => {
  let home: Home
  let server: RunningApp
  before(async () => {
    home = await makeHome()
    server = await runApp(home)
  })
  after(async () => {
    await endAll()
    home.remove()
  })

  it('end the connection and leave no memory behind', async () => {
    const { body } = await ask(`${server.url}/api/v1/auth/register`, { json: { email: 'a@example.org', password: 'a good long password', full_name: 'A', role: 'fan' } })
    const { access_token } = body as { access_token: string }
    const fragments = Buffer.concat([frameOf(1, Buffer.from('4'), false), ...Array.from({ length: 100_000 }, () => frameOf(0, Buffer.alloc(0), false))])
    const attack = async (): Promise<void> => {
      const raw = await signedInRaw(home.port, access_token)
      raw.bytes(fragments)
      await raw.closed
    }
    for (let warm = 0; warm < 5; warm++) await attack()
    const before = residentMb(server.child.pid as number)
    for (let time = 0; time < 10; time++) await attack()
    expect(residentMb(server.child.pid as number) - before).to.be.below(10)
    expect((await ask(`${server.url}/healthz`)).status).to.equal(200)
  })
})

function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) / 1024
}
