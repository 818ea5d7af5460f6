import { expect } from 'chai'
import { ask } from '../support/http.ts'
import { endAll, type Home, makeHome, runApp, type RunningApp, runToDeath, until } from './support.ts'

const fans = 12

describe('an announcement whose server is killed', function () {
  this.timeout(90_000)
  let home: Home

  before(async () => {
    home = await makeHome()
  })
  afterEach(endAll)
  after(() => home.remove())

  it('between telling a page and counting it, or in the middle of one, reaches each once and counts each once', async () => {
    let app = await runApp(home, { FAILPOINT: 'announcements.page.before-commit:1' })
    const creator = await register(app.url, 'creator', 0)
    const tokens: string[] = []
    for (let n = 0; n < fans; n++) {
      const fan = await register(app.url, 'fan', n)
      tokens.push(fan.token)
      await ask(`${app.url}/api/v1/creators/${creator.id}/follow`, { method: 'POST', token: fan.token })
    }
    const { body } = await ask(`${app.url}/api/v1/announcements`, { token: creator.token, json: { audience: 'followers', text: 'Once only' } })
    expect((await app.exited).signal).to.equal('SIGKILL')
    await runToDeath(home, { FAILPOINT: 'messaging.send.before-commit:1' })

    app = await runApp(home)
    const done = await until(
      async () => (await ask(`${app.url}/api/v1/announcements/${body.announcement_id as string}`, { token: creator.token })).body as { status: string },
      ({ status }) => status === 'done',
      'the announcement',
    )
    expect(done).to.include({ total: fans, sent: fans, skipped: 0, failed: 0 })
    for (const token of tokens) {
      const { data } = (await ask(`${app.url}/api/v1/conversations`, { token })).body as { data: { conversation_id: string; last_seq: number; last_message: { text: string } }[] }
      expect(data.map((each) => [each.last_seq, each.last_message.text])).to.deep.equal([[1, 'Once only']])
    }
    await stop(app)
  })

  async function register(url: string, role: string, n: number): Promise<{ id: string; token: string }> {
    const { body } = await ask(`${url}/api/v1/auth/register`, { json: { email: `${role}${n}@example.org`, password: 'a good long password', full_name: `${role} ${n}`, role } })
    return { id: body.user.id as string, token: body.access_token as string }
  }

  async function stop(app: RunningApp): Promise<void> {
    app.child.kill('SIGTERM')
    expect((await app.exited).code).to.equal(0)
  }
})
