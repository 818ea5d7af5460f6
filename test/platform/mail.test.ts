import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { SMTPServer } from 'smtp-server'
import { freePort } from '../../scripts/free-port.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { signIn, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

interface Arrived {
  to: string[]
  raw: string
}

interface MailServer {
  arrived: Arrived[]
  stop(): Promise<void>
}

const noSuchMailbox = 'unknown@example.org'

describe('a mail', () => {
  let port: number
  let server: MailServer | undefined
  let app: TestApp

  before(async () => {
    port = await freePort()
    server = await startMailServer(port)
    app = await startApp({ SMTP_URL: `smtp://ovation:open-sesame@127.0.0.1:${port}`, MAIL_FROM: 'Ovation <post@ovation.example>' })
  })
  after(async () => {
    await app.stop()
    await server?.stop()
  })

  it('reaches the mailbox with a code that is good, and its text is kept no longer', async () => {
    const fan = await signUp(app, 'fan')
    const row = await settled(fan.email, 'sent')
    expect(row).not.to.have.property('text')
    const { raw } = theOnlyOne(fan.email)
    expect(raw).to.match(/^From: Ovation <post@ovation\.example>/m)
    expect(raw).to.include(`Message-ID: <${row._id}@ovation.example>`)
    const code = /^([\w-]{43})\r?$/m.exec(raw.replaceAll('=\r\n', ''))?.[1]
    expect((await ask(`${app.url}/api/v1/auth/verify-email`, { json: { email: fan.email, code } })).status).to.equal(200)
  })

  it('that the server refuses for good is not offered again, and an admin sees why, without its text', async () => {
    const answer = await ask(`${app.url}/api/v1/auth/register`, { json: { email: noSuchMailbox, password: 'a good long password', full_name: 'Nobody', role: 'fan' } })
    expect(answer.status).to.equal(201)
    const row = await settled(noSuchMailbox, 'parked')
    expect(row.attempts).to.equal(1)
    const admin = await signIn(app, app.admin.email, app.admin.password)
    const listed = (await admin.http('GET', '/api/v1/admin/mails')).body.data.find((each: { to: string }) => each.to === noSuchMailbox)
    expect(listed).to.include({ state: 'parked', text: null, attempts: 1 })
    expect(listed.last_error).to.match(/no such mailbox/)
  })

  it('waits for a server that is away, and arrives once when it is back', async () => {
    await server?.stop()
    const fan = await signUp(app, 'fan')
    await until(async () => (await rowOf(fan.email)).last_error !== undefined)
    expect((await rowOf(fan.email)).state).to.equal('due')
    server = await startMailServer(port)
    app.wall.advance({ minutes: 2 })
    const row = await settled(fan.email, 'sent')
    expect(row.attempts).to.be.above(1)
    expect(theOnlyOne(fan.email).raw).to.include(row._id)
  })

  it('is put aside after ten tries in vain', async () => {
    await server?.stop()
    const fan = await signUp(app, 'fan')
    await until(async () => {
      app.wall.advance({ hours: 2 })
      return (await rowOf(fan.email)).state === 'parked'
    })
    expect((await rowOf(fan.email)).attempts).to.equal(10)
    server = await startMailServer(port)
    const other = await signUp(app, 'fan')
    await settled(other.email, 'sent')
    expect(server.arrived.map((each) => each.to)).to.deep.equal([[other.email]])
  }).timeout(60_000)

  it('is shown on no page where a mail server is set', async () => {
    expect((await ask(`${app.url}/dev/mail`)).status).to.equal(404)
    expect(app.mailUrl).to.equal(undefined)
  })

  async function rowOf(email: string): Promise<{ _id: string; state: string; attempts: number; last_error?: string }> {
    return (await app.db.collection('mails').findOne({ to: email })) as never
  }

  async function settled(email: string, state: string) {
    await until(async () => (await rowOf(email)).state === state)
    return rowOf(email)
  }

  function theOnlyOne(email: string): Arrived {
    const arrived = (server?.arrived ?? []).filter((each) => each.to.includes(email))
    expect(arrived).to.have.length(1)
    return arrived[0] as Arrived
  }
})

describe('without a mail server', () => {
  it('whoever has the address that the start tells reads the mails there, and nobody else does', async () => {
    const app = await startApp()
    const fan = await signUp(app, 'fan', '<b>Eve & "Co"</b>')
    const page = await ask(app.mailUrl ?? '')
    expect(page.status).to.equal(200)
    expect(page.headers['content-security-policy']).to.match(/^default-src 'none'; style-src 'sha256-/)
    expect(page.text).to.include(fan.email).and.not.to.include('<b>Eve')
    expect(page.text).to.match(/<a href="http:\/\/127\.0\.0\.1:\d+\/#\/verify\//)
    for (const wrong of ['', '?key=', '?key=x', '?key=x&key=y']) expect((await ask(`${app.url}/dev/mail${wrong}`)).status, wrong).to.equal(404)
    await app.stop()
  })
})

/** A real server on that port. It wants the login, and knows no mailbox of that one name. */
async function startMailServer(port: number): Promise<MailServer> {
  const arrived: Arrived[] = []
  const smtp = new SMTPServer({
    // What listens on this machine alone has no certificate that anybody would believe.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, decide) => decide(username === 'ovation' && password === 'open-sesame' ? null : new Error('wrong login'), { user: username }),
    onRcptTo: ({ address }, _session, decide) => decide(address === noSuchMailbox ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null),
    onData(stream, session, decide) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        arrived.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(parts).toString('utf8') })
        decide()
      })
    },
  })
  await new Promise<void>((resolve) => smtp.listen(port, '127.0.0.1', () => resolve()))
  if ((smtp.server.address() as AddressInfo).port !== port) throw new Error('another port')
  return { arrived, stop: () => new Promise<void>((resolve) => smtp.close(() => resolve())) }
}

/** Looks again until it is so; the test's own time is the limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}
