import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, type Person, signUp } from '../support/cast.ts'
import { byHttp } from '../support/doors.ts'

interface Row {
  _id: string
  players: string[]
}

describe('pages of an overlay whose process died', () => {
  let app: TestApp
  let creator: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    await creator.online()
  })
  after(() => app.stop())

  const rows = () => app.db.collection<Row>('overlays')
  const look = () => app.runJob('overlays.forget-dead')
  const connected = async () => (await byHttp(app, creator).call('overlay:list', {})).data.at(-1)?.online

  /** A process that was seen a moment ago, and is not seen again. */
  async function stranger(id: string) {
    const seen = { _id: id, started_at: app.wall.now(), seen_at: app.wall.now(), joined: true }
    await app.db.collection<typeof seen>('processes').insertOne(seen)
    await look()
    return async () => {
      await app.db.collection<typeof seen>('processes').deleteOne({ _id: id })
      await look()
    }
  }

  it('no longer count as connected, and the creator is told', async () => {
    const die = await stranger('prc_gone')
    const { overlay_id } = await byHttp(app, creator).call('overlay:create', {})
    await rows().updateOne({ _id: overlay_id }, { $set: { players: ['prc_gone/socket'] } })
    await look()
    expect(await connected(), 'its process lives').to.equal(true)
    await die()
    expect(await creator.fact('overlay:connected')).to.deep.equal({ overlay_id, online: false })
    expect(await connected()).to.equal(false)
  })

  it('take no seats from those that come back, and what they were playing is played again', async () => {
    const die = await stranger('prc_gone_too')
    const { overlay_id, token } = await byHttp(app, creator).call('overlay:create', {})
    const { alert_id } = await byHttp(app, creator).call('alert:test', { overlay_id })
    const players = [1, 2, 3, 4, 5].map((n) => `prc_gone_too/${n}`)
    await rows().updateOne({ _id: overlay_id }, { $set: { players, current: alert_id, holder: players[4], lease_until: new Date(app.wall.now().getTime() + 60_000) } })
    await app.db.collection<{ _id: string }>('alerts').updateOne({ _id: alert_id }, { $set: { state: 'playing', attempts: 1 } })
    await die()
    const page = await openOverlay(app, token)
    expect((await page.play()).alert_id).to.equal(alert_id)
    expect((await rows().findOne({ _id: overlay_id }))?.players).to.have.length(1)
    page.close()
  })
})
