import { expect } from 'chai'
import { connect, type LiveSocket, openOverlay, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { besieged, refused, refusedAck } from './support.ts'

interface Link {
  overlay_id: string
  token: string
  url: string
}

besieged('hostile overlays', (siege) => {
  let link: Link
  beforeEach(async () => {
    await siege.app.db.collection('overlays').deleteMany({})
    link = await makeLink()
    await siege.accept()
  })

  describe('O1: a token', () => {
    const wrong: [string, () => string][] = [
      ['of nobody', () => 'x'.repeat(43)],
      ['cut short', () => link.token.slice(0, -1)],
      ['with something behind it', () => `${link.token}A`],
      ['in other letters', () => link.token.toUpperCase()],
      ['that is a user’s', () => siege.fan.token],
      ['that is the owner’s', () => siege.creator.token],
      ['that is a refresh token', () => siege.creator.refresh_token],
      ['that is the overlay’s id', () => link.overlay_id],
      ['that is empty', () => ''],
    ]
    for (const [what, token] of wrong) it(what, async () => expect(await knock('/overlay', token())).to.equal('unauthenticated'))
    for (const token of [{ $ne: '' }, ['a'], 5, null, true]) it(`that is ${JSON.stringify(token)}`, async () => expect(await knock('/overlay', token as never)).to.equal('unauthenticated'))

    it('opens nothing but its overlay: no namespace, no API', async () => {
      expect(await knock('/', link.token)).to.equal('unauthenticated')
      refused(await ask(`${siege.app.url}/api/v1/wallets/me`, { token: link.token }), 401, 'unauthenticated')
      refused(await ask(`${siege.app.url}/api/v1/overlays`, { token: link.token }), 401, 'unauthenticated')
    })

    it('is told once, in a fragment, and kept nowhere', async () => {
      expect(new URL(link.url).hash).to.equal(`#${link.token}`)
      expect(new URL(link.url).pathname + new URL(link.url).search).not.to.include(link.token)
      const overlay = await openOverlay(siege.app, link.token)
      for (const { name } of await siege.app.db.listCollections().toArray()) expect(JSON.stringify(await siege.app.db.collection(name).find().toArray()), name).not.to.include(link.token)
      expect((await siege.creator.http('GET', '/api/v1/overlays')).text).not.to.include(link.token)
      expect(JSON.stringify(siege.app.logs)).not.to.include(link.token)
      overlay.close()
      expect((await ask(`${siege.app.url}/overlay/`)).headers['referrer-policy']).to.equal('no-referrer')
    })

    it('whose link was replaced: its live sockets are told and closed, and it opens nothing any more', async () => {
      const old = [await connect(siege.app, '/overlay', link.token), await connect(siege.app, '/overlay', link.token)]
      const other = await makeLink()
      const bystander = await openOverlay(siege.app, other.token)
      const { body } = await siege.creator.http('POST', `/api/v1/overlays/${link.overlay_id}/rotate`, {})
      for (const socket of old) {
        expect(await socket.next<object>('overlay:token-rotated')).to.deep.equal({ overlay_id: link.overlay_id })
        await socket.closed
      }
      expect(await knock('/overlay', link.token)).to.equal('unauthenticated')
      expect(await knock('/overlay', (body as Link).token)).to.equal('let in')
      await siege.creator.http('POST', `/api/v1/overlays/${other.overlay_id}/test`, {})
      expect(await bystander.play(), 'another overlay goes on').to.include({ is_test: true })
      bystander.close()
      await siege.accept()
    })

    it('whose news of replacement was lost is found by the look that comes round', async () => {
      const socket = await connect(siege.app, '/overlay', link.token)
      await socket.next('overlay:state')
      await siege.app.db.collection<{ _id: string }>('overlays').updateOne({ _id: link.overlay_id }, { $inc: { epoch: 1 } })
      await siege.app.runJob('overlays.recheck')
      await socket.closed
      await siege.accept()
    })

    it('can’t be replaced by somebody else', async () => {
      const rival = await signUp(siege.app, 'creator')
      await siege.accept()
      refused(await rival.http('POST', `/api/v1/overlays/${link.overlay_id}/rotate`, {}), 404, 'not-found')
      refused(await rival.http('POST', `/api/v1/overlays/${link.overlay_id}/test`, {}), 404, 'not-found')
      refused(await siege.fan.http('POST', `/api/v1/overlays/${link.overlay_id}/rotate`, {}), 403, 'forbidden')
      expect(await knock('/overlay', link.token)).to.equal('let in')
    })
  })

  describe('O2: a socket', () => {
    for (const name of ['tip:send', 'wallet:me', 'overlay:rotate', 'overlay:list', 'alert:test', 'admin:check', 'join', '__proto__', 'x'])
      it(`that says ${name} is refused and closed`, async () => {
        const overlay = await connect(siege.app, '/overlay', link.token)
        overlay.raw.emit(name, { creator_id: siege.creator.id, overlay_id: link.overlay_id })
        expect(await overlay.next<object>('error')).to.include({ code: 'forbidden', status: 403 })
        await overlay.closed
      })

    it('that says one of its three events about an alert that is not its own', async () => {
      const other = await makeLink()
      const { body } = await siege.creator.http('POST', `/api/v1/overlays/${other.overlay_id}/test`, {})
      await siege.accept()
      const overlay = await connect(siege.app, '/overlay', link.token)
      for (const alert_id of [(body as { alert_id: string }).alert_id, 'alr_none', 'abc']) for (const name of ['alert:started', 'alert:finished', 'alert:failed']) refusedAck(await overlay.call(name, { alert_id }), 'not-found')
      for (const payload of [{}, { alert_id: 5 }, { alert_id: 'a', overlay_id: other.overlay_id }, { alert_id: { $ne: '' } }]) refusedAck(await overlay.call('alert:finished', payload), 'validation')
      overlay.close()
    })

    it('is the sixth on one link: it is refused, and the five go on', async () => {
      const five: LiveSocket[] = []
      for (let n = 0; n < 5; n++) {
        const socket = await connect(siege.app, '/overlay', link.token)
        await socket.next('overlay:state')
        five.push(socket)
      }
      expect(await knock('/overlay', link.token)).to.equal('busy')
      five.pop()?.close()
      while (((await siege.app.db.collection<{ _id: string; players: string[] }>('overlays').findOne({ _id: link.overlay_id }))?.players.length ?? 5) > 4) await new Promise((resolve) => setImmediate(resolve))
      expect(await knock('/overlay', link.token)).to.equal('let in')
      for (const socket of five) socket.close()
    })

    it('is one of fifty that come at once: five stay', async () => {
      const knocks = await Promise.allSettled(Array.from({ length: 50 }, () => connect(siege.app, '/overlay', link.token)))
      const inside = knocks.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      for (const each of knocks) if (each.status === 'rejected') expect((each.reason as Error).message).to.equal('busy')
      const fates = await Promise.all(inside.map((socket) => Promise.race([socket.next('overlay:state').then(() => 'seated'), socket.next<{ code: string }>('error').then(({ code }) => code)])))
      expect(fates.filter((each) => each === 'seated')).to.have.length(5)
      expect(fates.filter((each) => each !== 'seated').every((each) => each === 'busy')).to.equal(true)
      await Promise.all(inside.filter((_each, index) => fates[index] === 'busy').map((socket) => socket.closed))
      for (const socket of inside) socket.close()
    })
  })

  for (const message of ['<img src=x onerror=alert(1)>', 'https://evil.example/?a=b&c', '😀'.repeat(200), '</script><script>', '\u202Etxt.exe'])
    it(`O2: the message ${message.slice(0, 24)} reaches the overlay as the text that it is`, async () => {
      const overlay = await openOverlay(siege.app, link.token)
      await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 10, currency: 'ZMW', message }, `o2-${Buffer.from(message).toString('hex').slice(0, 60)}`)
      expect(await overlay.play()).to.include({ message })
      overlay.close()
      await siege.accept()
    })
  it('O2: a message of ten thousand emoji is not sent at all', async () => refused(await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 10, currency: 'ZMW', message: '😀'.repeat(10_000) }, 'o2-long'), 400, 'validation'))

  async function makeLink(): Promise<Link> {
    return (await siege.creator.http('POST', '/api/v1/overlays', {})).body as Link
  }

  function knock(namespace: '/' | '/overlay', token: string): Promise<string> {
    return connect(siege.app, namespace, token).then(
      (live) => {
        live.close()
        return 'let in'
      },
      (error: Error) => error.message,
    )
  }
})
