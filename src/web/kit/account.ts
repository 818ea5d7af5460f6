import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { SignInSession } from '../../features/accounts/contract.ts'
import { List, useList } from './list.ts'
import type { ViewProps } from './page.ts'
import { Confirm, saveFile, Trouble, useAction, valuesOf, When } from './parts.ts'
import { PresenceSetting } from './presence.ts'

/** Where one is signed in, the password, and what one may do with one's data. */
export function AccountView(props: ViewProps) {
  return html`<${Sessions} ...${props} /><${Password} ...${props} /><${PresenceSetting} ...${props} /><${Data} ...${props} />`
}

function Sessions({ client, user }: ViewProps) {
  const sessions = useList((cursor) => client.call('session:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  const [said, setSaid] = useState('')
  const end = useAction(async (session_id: string) => {
    await client.call('session:revoke', { session_id })
    sessions.reload()
  })
  const endOthers = useAction(async () => {
    await client.call('session:revoke-others', {})
    setSaid('You are signed in here only.')
    sessions.reload()
  })
  const verify = useAction(async () => {
    await client.call('account:resend-verification', {})
    setSaid(`A code is on its way to ${user.email}.`)
  })
  return html`
    <section class="card wide" aria-labelledby="sessions-title">
      <h1 id="sessions-title">Account</h1>
      <p>${user.email} ${user.email_verified ? html`<span class="chip on">confirmed</span>` : html`<span class="chip">not confirmed</span> <button type="button" class="plain" disabled=${verify.busy} onClick=${() => verify.run()}>Send me a code</button>`}</p>
      <h2>Where you are signed in</h2>
      <${List} of=${sessions} empty="Nowhere.">${(each: SignInSession) => html`
        <li key=${each.session_id}>
          <span><strong>${each.device}</strong> ${each.current && html`<span class="chip on">here</span>`}<br /><span class="soft">${each.address} · used <${When} at=${each.last_used_at} /></span></span>
          ${!each.current && html`<button type="button" class="plain" disabled=${end.busy} onClick=${() => end.run(each.session_id)}>Sign out<span class="hidden"> ${each.device}</span></button>`}
        </li>`}<//>
      ${(end.error || endOthers.error || verify.error) && html`<${Trouble} text=${end.error || endOthers.error || verify.error} />`}
      <p class="good" role="status">${said}</p>
      <p><button type="button" class="plain" disabled=${endOthers.busy} onClick=${() => endOthers.run()}>Sign out everywhere else</button></p>
    </section>
  `
}

function Password({ client }: ViewProps) {
  const [said, setSaid] = useState('')
  const change = useAction(async (values: Record<string, string>) => {
    await client.call('account:change-password', { current_password: values['current_password'] ?? '', password: values['password'] ?? '' })
    setSaid('Your password is new. All other sign-ins have ended.')
  })
  return html`
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <form onSubmit=${(event: Event) => change.run(valuesOf(event))}>
        <label>Present password <input name="current_password" type="password" required maxlength="128" autocomplete="current-password" /></label>
        <label>New password <input name="password" type="password" required minlength="8" maxlength="128" autocomplete="new-password" /></label>
        ${change.error && html`<${Trouble} text=${change.error} />`}
        <p class="good" role="status">${said}</p>
        <button class="plain" disabled=${change.busy}>Change the password</button>
      </form>
    </section>
  `
}

function Data({ client }: ViewProps) {
  const [asking, setAsking] = useState('')
  const [said, setSaid] = useState('')
  const download = useAction(async () => saveFile('ovation-export.json', await client.call('account:export', {})))
  const erase = useAction(async (password: string) => {
    await client.call('account:delete', { password })
    setSaid('Your account goes in 14 days. Until then, signing in and asking undoes it.')
  })
  return html`
    <section class="card" aria-labelledby="data-title">
      <h2 id="data-title">Your data</h2>
      <p><button type="button" class="plain" disabled=${download.busy} onClick=${() => download.run()}>Download all of it</button></p>
      <form onSubmit=${(event: Event) => setAsking(valuesOf(event)['password'] ?? '')}>
        <label>Password, to delete the account <input name="password" type="password" required maxlength="128" autocomplete="current-password" /></label>
        <button class="danger" disabled=${erase.busy}>Delete the account</button>
      </form>
      ${(download.error || erase.error) && html`<${Trouble} text=${download.error || erase.error} />`}
      <p class="good" role="status">${said}</p>
      ${asking && html`<${Confirm} question="Delete your account?" detail="Your name, texts and addresses are erased after 14 days. What was paid stays in the ledger, without your name." yes="Delete it"
        onYes=${() => {
          erase.run(asking)
          setAsking('')
        }} onNo=${() => setAsking('')} />`}
    </section>
  `
}
