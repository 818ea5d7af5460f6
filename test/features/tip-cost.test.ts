import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { overhear } from '../support/commands.ts'
import type { Answer } from '../support/http.ts'

const together = 12

describe('a tip from the wallet, as the store sees it', () => {
  let app: TestApp
  let creator: Person
  const fans: Person[] = []

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    for (let n = 0; n < together; n++) fans.push(await signUp(app, 'fan'))
    for (const fan of fans) await topUp(fan, 1_000)
  })
  after(() => app.stop())

  it('is one transaction of three commands: the guarded balance, all new rows together, the commit', async () => {
    // A fan's first to a creator looks inside, too, whether it is the first.
    await send(fans[0] as Person, 100, 'zero')
    const { sent } = await overhear(app, () => send(fans[0] as Person, 100, 'one'))
    const own = sent.filter(({ transaction }) => transaction !== undefined && transaction === sent.find(({ name }) => name === 'bulkWrite')?.transaction)
    expect(own.map(({ name, collection }) => `${name} ${collection}`)).to.deep.equal(['update balances', 'bulkWrite 1', 'commitTransaction 1'])
  })

  it('asks for its key, the creator, their settings, the fan, what stands between them and an earlier tip before, and for nothing else', async () => {
    // A timer that looks in between adds to one tip's questions; the tip itself asks them every time.
    const seen: string[] = []
    for (let n = 0; n < 4; n++) {
      const { sent } = await overhear(app, () => send(fans[0] as Person, 100, `two-${n}`))
      const asked = sent.filter(({ name, transaction, collection }) => name === 'find' && transaction === undefined && !swept.has(collection))
      seen.push(asked.map(({ collection }) => collection).toSorted().join(' '))
    }
    expect(seen).to.include('barriers idempotency_keys profiles tip_settings tips users')
  })

  it('conflicts with no other, however many fans tip one creator at once', async () => {
    let answers: Answer[] = []
    const { sent, refused } = await overhear(app, async () => void (answers = await Promise.all(fans.map((fan, n) => send(fan, 100, `many-${n}`)))))
    // Of the sealer's transactions, which move balances too, one hears the end, the beginning or the whole; none of it is this.
    const steps = new Map<string, string>()
    for (const { transaction, name, collection } of sent) if (transaction) steps.set(transaction, `${steps.get(transaction) ?? ''}${name} ${collection}, `)
    // A fan's first looks whether it is.
    const tips = [...steps].filter(([, said]) => /^update balances, (find tips, )?bulkWrite 1, commitTransaction 1, $/.test(said)).map(([transaction]) => transaction)
    expect(tips).to.have.length(together)
    expect(refused.filter(({ transaction }) => transaction && tips.includes(transaction))).to.deep.equal([])
    expect(await app.db.collection('tips').countDocuments({ _id: { $in: answers.map(({ body }) => body.tip_id) } })).to.equal(together)
  })

  it('that comes twice at once under one key is sent once and answered alike, though there is money for one only', async () => {
    const fan = await signUp(app, 'fan')
    await topUp(fan, 600)
    const [first, second] = await Promise.all([send(fan, 600, 'twin'), send(fan, 600, 'twin')])
    expect(first.body).to.deep.equal(second.body)
    expect((await fan.http('GET', '/api/v1/wallets/me')).body.buckets.cash).to.equal(0)
  })

  it('that comes twice at once under one key with another amount is refused once', async () => {
    const fan = await signUp(app, 'fan')
    await topUp(fan, 1_000)
    const paths = [send(fan, 100, 'mixed', [201, 422]), send(fan, 200, 'mixed', [201, 422])]
    const answers = await Promise.all(paths)
    expect(answers.map(({ status }) => status)).to.have.members([201, 422])
    expect(answers.find(({ status }) => status === 422)?.body).to.include({ code: 'key-reused' })
  })

  async function send(fan: Person, amount: number, key: string, expected = [201]) {
    const answer = await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount, currency: 'ZMW' }, key)
    expect(answer.status, answer.text).to.be.oneOf(expected)
    return answer
  }
})

/** what the app's own timers look at, and its deliveries */
const swept = new Set(['goals', 'creator_attention', 'ledger_heads', 'batches', 'entries', 'ledger_roots', 'sessions', 'streams', 'overlays', 'unsealed', 'deliveries', 'events', 'payment_inbox', 'payments', 'agenda_jobs', 'processes', 'conversations', 'reminders'])
