import { expect } from 'chai'
import type { Connection } from 'mongoose'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { redeliver } from '../support/doors.ts'
import { type Answer, ask } from '../support/http.ts'

const password = 'a good long password'

describe('an account', () => {
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp()
    admin = await signIn(app, app.admin.email, app.admin.password)
  })
  after(() => app.stop())

  describe('and its sign-ins', () => {
    it('shows where it is signed in, and which one asks', async () => {
      const fan = await signUp(app, 'fan')
      const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
      await ask(`${app.url}/api/v1/auth/login`, { json: { email: fan.email, password }, headers: { 'user-agent': agent } })
      const { data, has_more } = (await fan.http('GET', '/api/v1/auth/sessions')).body
      expect(has_more).to.equal(false)
      expect(data.map((each: { device: string; current: boolean; address: string }) => [each.device, each.current, each.address])).to.deep.equal([
        ['Firefox on Linux', false, '127.0.0.1'],
        ['Unknown device', true, '127.0.0.1'],
      ])
    })

    it('ends one of them, and the sockets that came by it', async () => {
      const here = await signUp(app, 'fan')
      const there = await signIn(app, here.email, password)
      const live = await there.socket()
      const other = (await here.http('GET', '/api/v1/auth/sessions')).body.data.find((each: { current: boolean }) => !each.current)
      expect((await here.http('DELETE', `/api/v1/auth/sessions/${other.session_id}`)).status).to.equal(200)
      expect(await live.next('session:revoked')).to.deep.equal({ reason: 'revoked' })
      await live.closed
      expect(code(await there.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      expect((await here.http('GET', '/api/v1/auth/me')).status).to.equal(200)
      expect(code(await here.http('DELETE', `/api/v1/auth/sessions/${other.session_id}`))).to.equal('not-found')
      const stranger = await signUp(app, 'fan')
      const own = (await here.http('GET', '/api/v1/auth/sessions')).body.data[0].session_id
      expect(code(await stranger.http('DELETE', `/api/v1/auth/sessions/${own}`))).to.equal('not-found')
    })

    it('ends all but the one that asks', async () => {
      const here = await signUp(app, 'fan')
      const others = await Promise.all([1, 2, 3].map(() => signIn(app, here.email, password)))
      expect((await here.http('POST', '/api/v1/auth/sessions/revoke-others', {})).body).to.deep.equal({ ended: 3 })
      for (const each of others) expect(code(await each.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      expect((await here.http('GET', '/api/v1/auth/me')).status).to.equal(200)
    })

    for (const look of ['accounts.close-ended', 'accounts.recheck'])
      it(`closes a socket whose end was told to nobody, and no other (${look})`, async () => {
        const [fan, other] = [await signUp(app, 'fan'), await signUp(app, 'fan')]
        const [live, elsewhere] = [await fan.socket(), await other.socket()]
        await app.db.collection('sessions').updateMany({ user_id: fan.id }, { $set: { revoked_at: app.wall.now() } })
        await app.runJob(look)
        expect(await live.next('session:revoked')).to.deep.equal({ reason: 'revoked' })
        await live.closed
        expect(await elsewhere.call('account:me')).to.have.property('ok', true)
        elsewhere.close()
      })

    it('looks for what ended often enough to close every socket within 5 s', () => {
      const job = app.app.jobs.find((each) => each.name === 'accounts.close-ended')
      expect(job?.every_ms).to.be.at.most(4_000)
    })

    it('lets a live socket go on with a newer token of the same sign-in, and with no other', async () => {
      const fan = await signUp(app, 'fan')
      app.wall.advance({ minutes: 9, seconds: 30 })
      const live = await fan.socket()
      expect((await live.next<{ in_ms: number }>('session:expiring')).in_ms).to.be.within(1, 30_000)
      const pair = (await ask(`${app.url}/api/v1/auth/refresh`, { json: { refresh_token: fan.refresh_token } })).body
      const stranger = await signUp(app, 'fan')
      const elsewhere = await signIn(app, fan.email, password)
      for (const token of [stranger.token, elsewhere.token]) expect(await live.call('session:refresh-token', { token })).to.have.nested.property('problem.code', 'forbidden')
      expect(await live.call('session:refresh-token', { token: 'rubbish' })).to.have.nested.property('problem.code', 'unauthenticated')
      const answer = await live.call('session:refresh-token', { token: pair.access_token })
      expect((answer as unknown as { data: { expires_in_ms: number } }).data.expires_in_ms).to.be.above(500_000)
      expect(await live.call('account:me')).to.have.property('ok', true)
      live.close()
      app.wall.advance({ minutes: -9, seconds: -30 })
    })
  })

  describe('and its address', () => {
    it('is confirmed by the code that was mailed, once', async () => {
      const fan = await signUp(app, 'fan')
      expect((await fan.http('GET', '/api/v1/auth/me')).body.user.email_verified).to.equal(false)
      const code1 = await mailedCode(fan.email)
      expect(fault(await post('verify-email', { email: fan.email, code: 'x'.repeat(43) }))).to.equal('wrong')
      expect((await post('verify-email', { email: fan.email, code: code1 })).status).to.equal(200)
      expect((await fan.http('GET', '/api/v1/auth/me')).body.user.email_verified).to.equal(true)
      expect(fault(await post('verify-email', { email: fan.email, code: code1 }))).to.equal('used')
      expect(code(await fan.http('POST', '/api/v1/auth/verify-email/resend', {}))).to.equal('stale-state')
    })

    it('refuses a code that is old, was tried too often, is a list, or was sent for something else', async () => {
      const fan = await signUp(app, 'fan')
      const first = await mailedCode(fan.email)
      app.wall.advance({ minutes: 11 })
      expect(fault(await post('verify-email', { email: fan.email, code: first }))).to.equal('expired')
      app.wall.advance({ minutes: -11 })
      expect((await fan.http('POST', '/api/v1/auth/verify-email/resend', {})).status).to.equal(200)
      const second = await mailedCode(fan.email)
      expect(second).not.to.equal(first)
      expect(fault(await post('verify-email', { email: fan.email, code: first }))).to.equal('wrong')
      expect(fault(await post('reset-password', { email: fan.email, code: second, password }))).to.equal('wrong')
      expect(code(await post('verify-email', { email: fan.email, code: [second] }))).to.equal('validation')
      for (let n = 0; n < 4; n++) await post('verify-email', { email: fan.email, code: 'wrong' })
      expect(fault(await post('verify-email', { email: fan.email, code: second }))).to.equal('too-many-tries')
    })
  })

  describe('and its password', () => {
    it('is chosen anew by a code from the mailbox, and every sign-in ends', async () => {
      const fan = await signUp(app, 'fan')
      const live = await fan.socket()
      expect((await post('forgot-password', { email: fan.email.toUpperCase() })).body).to.deep.equal({})
      const reset = await mailedCode(fan.email, 'Choose a new password')
      expect((await post('reset-password', { email: fan.email, code: reset, password: 'another good password' })).status).to.equal(200)
      await live.closed
      expect(code(await fan.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      expect(code(await post('refresh', { refresh_token: fan.refresh_token }))).to.equal('session-revoked')
      expect(code(await post('login', { email: fan.email, password }))).to.equal('unauthenticated')
      expect((await post('login', { email: fan.email, password: 'another good password' })).status).to.equal(200)
      expect(fault(await post('reset-password', { email: fan.email, code: reset, password: 'yet another password' }))).to.equal('used')
      expect(await subjects(fan.email)).to.include('Your password was changed')
    })

    it('is asked for by nobody: an unknown address gets the same answer and no mail', async () => {
      const before = await app.db.collection('mails').countDocuments()
      const unknown = await post('forgot-password', { email: 'nobody@example.org' })
      await app.app.dispatcher.whenIdle()
      expect([unknown.status, unknown.body]).to.deep.equal([200, {}])
      expect(await app.db.collection('mails').countDocuments()).to.equal(before)
    })

    it('is changed by whoever knows it; other sign-ins end, this one refreshes', async () => {
      const here = await signUp(app, 'fan')
      const there = await signIn(app, here.email, password)
      expect(fault(await here.http('POST', '/api/v1/auth/change-password', { current_password: 'not it', password: 'another good password' }))).to.equal('wrong')
      expect((await here.http('POST', '/api/v1/auth/change-password', { current_password: password, password: 'another good password' })).status).to.equal(200)
      expect(code(await post('refresh', { refresh_token: there.refresh_token }))).to.equal('session-revoked')
      const pair = (await post('refresh', { refresh_token: here.refresh_token })).body
      expect((await ask(`${app.url}/api/v1/auth/me`, { token: pair.access_token })).status).to.equal(200)
      expect(code(await here.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
    })

    it('is locked after ten wrong tries, and its owner is told once', async () => {
      const fan = await signUp(app, 'fan')
      const tries = []
      for (let n = 0; n < 12; n++) tries.push((await post('login', { email: fan.email, password: 'wrong password' })).status)
      expect(tries).to.deep.equal([...Array.from({ length: 10 }, () => 401), 429, 429])
      expect((await subjects(fan.email)).filter((each) => each === 'Too many wrong passwords')).to.have.length(1)
    })
  })

  describe('under an admin', () => {
    it('is found by name or address, page by page', async () => {
      const names = ['Quentin One', 'quentin Two', 'QUENTIN Three']
      for (const name of names) await signUp(app, 'fan', name)
      const first = (await admin.http('GET', '/api/v1/admin/users?q=quentin&limit=2')).body
      const rest = (await admin.http('GET', `/api/v1/admin/users?q=quentin&limit=2&cursor=${first.next}`)).body
      expect([...first.data, ...rest.data].map((each: { full_name: string }) => each.full_name)).to.deep.equal(['Quentin One', 'QUENTIN Three', 'quentin Two'])
      const byMail = (await admin.http('GET', `/api/v1/admin/users?q=${encodeURIComponent(app.admin.email.slice(0, 8))}`)).body
      expect(byMail.data.map((each: { role: string }) => each.role)).to.include('admin')
      expect((await admin.http('GET', '/api/v1/admin/users?q=.*')).body.data).to.deep.equal([])
    })

    it('is suspended and restored: no sign-in, no refresh, no socket in between', async () => {
      const fan = await signUp(app, 'fan')
      const live = await fan.socket()
      const path = `/api/v1/admin/users/${fan.id}`
      expect((await admin.http('POST', `${path}/suspend`, { reason: 'spam' })).body).to.include({ status: 'suspended', suspended_reason: 'spam' })
      await live.closed
      expect(code(await fan.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      expect(code(await post('refresh', { refresh_token: fan.refresh_token }))).to.equal('session-revoked')
      const refused = await post('login', { email: fan.email, password })
      expect([refused.status, refused.body.code, refused.body.detail]).to.deep.equal([403, 'forbidden', 'This account is suspended: spam'])
      expect(code(await post('login', { email: fan.email, password: 'wrong password' }))).to.equal('unauthenticated')
      expect(code(await admin.http('POST', `${path}/suspend`, { reason: 'again' }))).to.equal('stale-state')
      expect((await admin.http('POST', `${path}/restore`, {})).body).to.include({ status: 'active', suspended_reason: null })
      expect((await post('login', { email: fan.email, password })).status).to.equal(200)
    })

    it('changes its role: the old one’s sockets close, and the next sign-in has the new one', async () => {
      const fan = await signUp(app, 'fan')
      const live = await fan.socket()
      expect((await admin.http('POST', `/api/v1/admin/users/${fan.id}/role`, { role: 'creator' })).body).to.include({ role: 'creator' })
      await live.closed
      await app.app.dispatcher.whenIdle()
      const again = await signIn(app, fan.email, password)
      expect((await again.http('GET', '/api/v1/creators/me')).status).to.equal(200)
    })

    it('has no public face while it is suspended, or once it is no creator’s any more', async () => {
      const name = 'Facing The Public'
      const creator = await signUp(app, 'creator', name)
      const path = `/api/v1/admin/users/${creator.id}`
      const isThere = async () => {
        await app.app.dispatcher.whenIdle()
        const found = (await ask(`${app.url}/api/v1/creators?q=${encodeURIComponent(name)}`)).body.data.length
        return [(await ask(`${app.url}/api/v1/creators/${creator.id}`)).status, found]
      }
      expect(await isThere()).to.deep.equal([200, 1])
      await admin.http('POST', `${path}/suspend`, { reason: 'spam' })
      expect(await isThere()).to.deep.equal([404, 0])
      await admin.http('POST', `${path}/restore`, {})
      expect(await isThere()).to.deep.equal([200, 1])
      await admin.http('POST', `${path}/role`, { role: 'fan' })
      expect(await isThere()).to.deep.equal([404, 0])
      await admin.http('POST', `${path}/role`, { role: 'creator' })
      expect(await isThere()).to.deep.equal([200, 1])
    })

    it('is hidden or shown as it is, in whatever order the news of it comes', async () => {
      const creator = await signUp(app, 'creator')
      await admin.http('POST', `/api/v1/admin/users/${creator.id}/suspend`, { reason: 'a mistake' })
      await admin.http('POST', `/api/v1/admin/users/${creator.id}/restore`, {})
      await redeliver(app, 'profiles.hide')
      expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).status).to.equal(200)
    })

    it('is never the admin’s own, and the last admin stays, also when two go at once', async () => {
      expect(code(await admin.http('POST', `/api/v1/admin/users/${admin.id}/role`, { role: 'fan' }))).to.equal('forbidden')
      const second = await signUp(app, 'fan')
      await admin.http('POST', `/api/v1/admin/users/${second.id}/role`, { role: 'admin' })
      const other = await signIn(app, second.email, password)
      const answers = await Promise.all([admin.http('POST', `/api/v1/admin/users/${second.id}/role`, { role: 'fan' }), other.http('POST', `/api/v1/admin/users/${admin.id}/role`, { role: 'fan' })])
      expect(answers.filter((each) => each.status === 200)).to.have.length(1)
      const admins = await app.db.collection('users').find({ role: 'admin' }).toArray()
      expect(admins).to.have.length(1)
      await app.db.collection('users').updateMany({ email_key: app.admin.email }, { $set: { role: 'admin' } })
      admin = await signIn(app, app.admin.email, app.admin.password)
    })
  })

  describe('on its way out', () => {
    it('takes its data along, without hashes', async () => {
      const fan = await signUp(app, 'fan', 'Ed Export')
      const answer = await fan.http('GET', '/api/v1/auth/export')
      expect(answer.status).to.equal(200)
      expect(answer.body.account.user).to.include({ full_name: 'Ed Export', email: fan.email })
      expect(answer.text).not.to.match(/hash|argon2/)
    })

    it('stays while there is money in it', async () => {
      const fan = await signUp(app, 'fan')
      await topUp(fan, 500)
      const refused = await fan.http('POST', '/api/v1/auth/delete', { password })
      expect([refused.status, refused.body.code]).to.deep.equal([409, 'stale-state'])
      expect(refused.body.detail).to.include('500')
    })

    it('is erased after fourteen days, unless it is undone; what the ledger sealed stays byte for byte', async () => {
      const creator = await signUp(app, 'creator')
      const fan = await signUp(app, 'fan', 'Greta Goes')
      await topUp(fan, 700)
      await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 700, currency: 'ZMW', message: 'Farewell from Greta' }, 'last')
      const entries = await app.db.collection('entries').find().sort({ _id: 1 }).toArray()
      expect(fault(await fan.http('POST', '/api/v1/auth/delete', { password: 'not it at all' }))).to.equal('wrong')
      expect((await fan.http('POST', '/api/v1/auth/delete', { password })).body.deletion_due_at).to.be.a('string')
      expect((await fan.http('POST', '/api/v1/auth/delete/undo', {})).body).to.deep.equal({ deletion_due_at: null })
      await fan.http('POST', '/api/v1/auth/delete', { password })
      app.clock.advance({ days: 13 })
      await runFarewell()
      expect((await fan.http('GET', '/api/v1/auth/me')).status).to.equal(200)
      app.clock.advance({ days: 2 })
      await runFarewell()
      expect(code(await fan.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      expect(code(await post('login', { email: fan.email, password }))).to.equal('unauthenticated')
      expect(await app.db.collection('entries').find().sort({ _id: 1 }).toArray()).to.deep.equal(entries)
      expect(await app.check()).to.deep.equal([])
      const kept = ['users', 'sessions', 'tips', 'alerts', 'profiles', 'mails', 'payments', 'entries', 'audit']
      for (const name of kept) expect(JSON.stringify(await app.db.collection(name).find().toArray()), name).not.to.match(/Greta/)
      app.clock.advance({ days: -15 })
    })

    it('waits with money in it, and keeps nobody else waiting', async () => {
      const [rich, poor] = [await signUp(app, 'fan'), await signUp(app, 'fan')]
      for (const each of [rich, poor]) await each.http('POST', '/api/v1/auth/delete', { password })
      await topUp(rich, 900)
      app.clock.advance({ days: 15 })
      await runFarewell()
      expect(code(await poor.http('GET', '/api/v1/auth/me'))).to.equal('session-revoked')
      const { user } = (await rich.http('GET', '/api/v1/auth/me')).body
      expect(Date.parse(user.deletion_due_at)).to.be.above(app.clock.now().getTime())
      expect(app.logs.map((line) => line.message)).to.include('an account that is to be erased has money again; it waits another day')
      app.clock.advance({ days: -15 })
    })

    it('is gone over from the start where it was cut off, and nobody comes back into what is left', async () => {
      const creator = await signUp(app, 'creator', 'Carla Cut')
      await creator.http('POST', '/api/v1/auth/delete', { password })
      // As a crash leaves it: closed, and nothing erased yet.
      await app.db.collection('users').updateOne({ _id: creator.id as never }, { $set: { deletion_due_at: new Date(0), erased_at: new Date(0) }, $inc: { epoch: 1 } })
      await app.db.collection('sessions').updateMany({ user_id: creator.id }, { $set: { revoked_at: new Date() } })
      expect(code(await post('login', { email: creator.email, password }))).to.equal('unauthenticated')
      await post('forgot-password', { email: creator.email })
      expect(await subjects(creator.email)).not.to.include('Choose a new password')
      await runFarewell()
      expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).status).to.equal(404)
      const row = await app.db.collection('users').findOne({ _id: creator.id as never })
      expect(row).to.include({ full_name: 'Deleted user', password_hash: '' }).and.not.to.have.property('deletion_due_at')
      const again = await ask(`${app.url}/api/v1/auth/register`, { json: { email: creator.email, password, full_name: 'Carla Back', role: 'fan' } })
      expect(again.status, 'the address is free').to.equal(201)
    })
  })

  describe('in the records', () => {
    it('leaves audit rows without secrets', async () => {
      const another = 'another good password'
      const iban = 'GB29 NWBK 6016 1331 9268 19'
      const creator = await signUp(app, 'creator')
      await creator.http('PUT', '/api/v1/creators/me', { bank_account: iban })
      const overlay = (await creator.http('POST', '/api/v1/overlays', { name: 'Main' })).body
      const rotated = (await creator.http('POST', `/api/v1/overlays/${overlay.overlay_id}/rotate`, {})).body
      await creator.http('GET', '/api/v1/auth/export')

      const fan = await signUp(app, 'fan')
      const verifying = await mailedCode(fan.email)
      await post('verify-email', { email: fan.email, code: verifying })
      const elsewhere = await signIn(app, fan.email, password)
      const { data } = (await fan.http('GET', '/api/v1/auth/sessions')).body
      await fan.http('DELETE', `/api/v1/auth/sessions/${data.find((each: { current: boolean }) => !each.current).session_id}`)
      await post('forgot-password', { email: fan.email })
      const resetting = await mailedCode(fan.email, 'Choose a new password')
      await post('reset-password', { email: fan.email, code: resetting, password: another })
      const again = await signIn(app, fan.email, another)
      await again.http('POST', '/api/v1/auth/change-password', { current_password: another, password })
      await (await signIn(app, fan.email, password)).http('POST', '/api/v1/auth/delete', { password })
      for (let n = 0; n < 10; n++) await post('login', { email: fan.email, password: 'a wrong password' })

      await admin.http('POST', `/api/v1/admin/users/${fan.id}/role`, { role: 'creator' })
      await admin.http('POST', `/api/v1/admin/users/${fan.id}/suspend`, { reason: 'spam' })
      await admin.http('POST', '/api/v1/admin/check', {})
      await admin.http('POST', '/sandbox/faults', { delay_ms: 0 })

      const rows = await app.db.collection('audit').find().toArray()
      const about = (subject: string): string[] => rows.filter((row) => row['subject'] === subject).map((row) => row['action'] as string)
      const ofFan = ['session.opened', 'email.verified', 'password.reset-asked', 'password.reset', 'password.changed', 'account.deletion-asked', 'sign-in.locked', 'user.role-set', 'user.suspended']
      expect(about(fan.id)).to.include.members(ofFan)
      expect(about(creator.id)).to.include.members(['profile.bank-account-changed', 'account.exported'])
      expect(about(overlay.overlay_id)).to.deep.equal(['overlay.rotated'])
      expect(about('platform')).to.include('admin.checked')
      expect(about('sandbox')).to.include('sandbox.faults-set')
      const text = JSON.stringify(rows)
      const tokens = [fan, elsewhere, again, creator].flatMap((each) => [each.token, each.refresh_token, (each.refresh_token.split('.')[1] as string)])
      for (const secret of [password, another, app.admin.password, iban, verifying, resetting, overlay.token, rotated.token, fan.email, ...tokens]) expect(text).not.to.include(secret)
      const listed = (await admin.http('GET', `/api/v1/admin/audit?action=user.suspended&subject=${fan.id}`)).body
      expect(listed.data).to.have.length(1)
      expect(listed.data[0]).to.include({ action: 'user.suspended', actor: admin.id })
    })

    it('lets no code of ours edit or take away an audit row', async () => {
      const [model] = app.app.features.flatMap((feature) => feature.models) as unknown as { db: Connection }[]
      const Rows = (model as { db: Connection }).db.model('AuditRow')
      const before = await app.db.collection('audit').find().toArray()
      const attempts = [() => Rows.updateMany({}, { $set: { actor: 'nobody' } }), () => Rows.findOneAndUpdate({}, { $set: { actor: 'nobody' } }), () => Rows.deleteOne({}), () => Rows.deleteMany({})]
      for (const attempt of attempts) expect(await attempt().then(() => 'done', String)).to.include('insert-only')
      expect(await app.db.collection('audit').find().toArray()).to.deep.equal(before)
    })

    it('shows the mails to an admin where there is no mail server, and keeps them sealed', async () => {
      const { data } = (await admin.http('GET', '/api/v1/admin/mails')).body
      expect(data[0]).to.include.keys('to', 'subject', 'text')
      expect(data[0].text).to.match(/^Hello /)
      expect(JSON.stringify(await app.db.collection('mails').find().toArray())).not.to.match(/Hello /)
    })
  })

  function post(path: string, json: object): Promise<Answer> {
    return ask(`${app.url}/api/v1/auth/${path}`, { json })
  }

  async function mailsTo(email: string): Promise<{ subject: string; text: string }[]> {
    await app.app.dispatcher.whenIdle()
    const { data } = (await admin.http('GET', '/api/v1/admin/mails?limit=100')).body
    return data.filter((each: { to: string }) => each.to === email)
  }

  async function subjects(email: string): Promise<string[]> {
    return (await mailsTo(email)).map((mail) => mail.subject)
  }

  async function mailedCode(email: string, subject = 'Confirm your email address'): Promise<string> {
    const mail = (await mailsTo(email)).find((each) => each.subject === subject)
    return /^([\w-]{43})$/m.exec(mail?.text ?? '')?.[1] ?? ''
  }

  async function runFarewell(): Promise<void> {
    await app.runJob('accounts.farewell')
    await app.app.dispatcher.whenIdle()
  }
})

function code(answer: Answer): string {
  return answer.body.code
}

function fault(answer: Answer): string {
  return answer.body.errors?.[0]?.code ?? `${answer.status} ${answer.body.code}`
}

