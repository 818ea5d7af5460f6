import { expect } from 'chai'
import { type Answer, ask } from '../support/http.ts'
import { adminToken, endAll, makeHome, runApp, runToDeath, until } from './support.ts'

describe('a message that waits, and a server that is killed as it lets it go', function () {
  this.timeout(90_000)
  afterEach(endAll)

  it('is said once, in its place, by the server that comes next', async () => {
    const home = await makeHome()
    const dying = await runApp(home, { FAILPOINT: 'messaging.let-go.before-commit:1' })
    const creator = await register(dying.url, 'creator')
    const fan = await register(dying.url, 'fan')
    const room = await ask(`${dying.url}/api/v1/conversations`, { token: creator, json: { type: 'room' } })
    const place = `/api/v1/conversations/${(room.body as { conversation_id: string }).conversation_id}`
    await ask(`${dying.url}${place}/join`, { token: fan, json: {} })
    await ask(`${dying.url}${place}`, { method: 'PUT', token: creator, json: { moderation_delay_ms: 100 } })
    const say = (url: string): Promise<Answer> => ask(`${url}${place}/messages`, { token: fan, json: { client_msg_id: 'over-three-lives', text: 'still here' } })
    const sent = (await say(dying.url)).body as { message_id: string; seq: number; held: { state: string } }
    expect([sent.seq, sent.held.state]).to.deep.equal([0, 'held'])
    expect((await dying.exited).signal).to.equal('SIGKILL')
    await runToDeath(home, { FAILPOINT: 'messaging.let-go.after-commit:1' })
    const app = await runApp(home)
    const history = async () => ((await ask(`${app.url}${place}/messages`, { token: creator })).body as { data: { message_id: string; seq: number }[] }).data
    // That the rules were changed stands first.
    expect((await until(history, (data) => data.length > 1, 'the message')).map(({ message_id, seq }) => [seq, message_id])).to.deep.include([2, sent.message_id]).and.to.have.length(2)
    expect((await say(app.url)).body).to.include({ message_id: sent.message_id, seq: 2, duplicate: true, held: null })
    expect((await ask(`${app.url}/api/v1/admin/check`, { token: await adminToken(app.url), json: { full: true } })).body).to.have.property('violations').that.deep.equals([])
    app.child.kill('SIGTERM')
    await app.exited
    home.remove()
  })

  async function register(url: string, role: string): Promise<string> {
    const { body } = await ask(`${url}/api/v1/auth/register`, { json: { email: `${role}@example.org`, password: 'a good long password', full_name: role, role } })
    return (body as { access_token: string }).access_token
  }
})
