import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import { Trouble, useAction, valuesOf } from '../kit/parts.ts'

/** Where the link in the mail leads. Nothing happens by opening it alone: mail scanners open links too. */
export function VerifyEmail({ client, email, code }: { client: Client; email: string; code: string }) {
  const [done, setDone] = useState(false)
  const verify = useAction(async (values: Record<string, string>) => {
    await client.call('account:verify-email', { email: values['email'] ?? '', code: values['code'] ?? '' })
    setDone(true)
  })
  if (done) return html`<section class="card"><h2>Thank you</h2><p role="status">Your email address is confirmed.</p><p><a class="button" href="/">Go on</a></p></section>`
  return html`
    <section class="card" aria-labelledby="verify-title">
      <h2 id="verify-title">Confirm your email address</h2>
      <form onSubmit=${(event: Event) => verify.run(valuesOf(event))}>
        <label>Email address <input name="email" type="email" required maxlength="254" autocomplete="email" defaultValue=${email} /></label>
        <label>Code from the mail <input name="code" required maxlength="64" autocomplete="one-time-code" defaultValue=${code} /></label>
        ${verify.error && html`<${Trouble} text=${verify.error} />`}
        <button disabled=${verify.busy}>Confirm</button>
      </form>
    </section>
  `
}
