import { expect } from 'chai'
import { ask } from '../support/http.ts'
import { endAll, type Home, makeHome, runApp, runToDeath, until } from './support.ts'

const aheadMs = 1_500

/** Where a crash is interesting: in the saying, and between being said and the row that knows it. */
describe('a reminder whose server is killed', function () {
  this.timeout(90_000)
  let home: Home

  before(async () => {
    home = await makeHome()
  })
  afterEach(endAll)
  after(() => home.remove())

  it('at either of them is said once all the same', async () => {
    const first = await runApp(home, { FAILPOINT: 'messaging.send.before-commit:1' })
    const person = await ask(`${first.url}/api/v1/auth/register`, { json: { email: 'ana@example.org', password: 'a good long password', full_name: 'Ana', role: 'fan' } })
    const token = (person.body as { access_token: string }).access_token
    const { conversation_id } = (await ask(`${first.url}/api/v1/conversations`, { token, json: { type: 'group', title: 'Alone' } })).body as { conversation_id: string }
    const made = await ask(`${first.url}/api/v1/conversations/${conversation_id}/reminders`, { token, json: { text: 'Doors open', due_at: new Date(Date.now() + aheadMs).toISOString() } })
    expect(made.status, made.text).to.equal(201)
    expect((await first.exited).signal).to.equal('SIGKILL')
    await runToDeath(home, { FAILPOINT: 'messaging.reminder.after-send:1' })
    const { url } = await runApp(home)
    const reminder = async () => (await ask(`${url}/api/v1/reminders`, { token })).body.data[0] as { state: string; message_id: string }
    const { message_id } = await until(reminder, ({ state }) => state === 'fired', 'the reminder')
    const { data } = (await ask(`${url}/api/v1/conversations/${conversation_id}/messages`, { token })).body as { data: { type: string; message_id: string }[] }
    expect(data.filter((each) => each.type === 'reminder').map((each) => each.message_id)).to.deep.equal([message_id])
  })
})
