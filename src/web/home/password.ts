import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import { Trouble, useAction, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

/** Asks for a code by mail. The answer is the same whether the address is known: nobody learns who has an account. */
export function ForgotPassword({ client }: { client: Client }) {
  const [sent, setSent] = useState('')
  const ask = useAction(async ({ email = '' }: Record<string, string>) => {
    await client.call('account:forgot-password', { email })
    setSent(email)
  })
  return html`
    <section class="card" aria-labelledby="forgot-title">
      <h2 id="forgot-title">Forgot your password?</h2>
      ${sent
        ? html`<p role="status">If ${sent} has an account, a code is on its way to it. It is good for ten minutes.</p><p><a class="button" href=${hrefOf('reset', sent)}>I have the code</a></p>`
        : html`
          <form onSubmit=${(event: Event) => ask.run(valuesOf(event))}>
            <label>Email address <input name="email" type="email" required maxlength="254" autocomplete="email" /></label>
            ${ask.error && html`<${Trouble} text=${ask.error} />`}
            <button disabled=${ask.busy}>Send me a code</button>
          </form>`}
      <p><a href=${hrefOf()}>Back to signing in</a></p>
    </section>
  `
}

export function ResetPassword({ client, email, code }: { client: Client; email: string; code: string }) {
  const [done, setDone] = useState(false)
  const reset = useAction(async (values: Record<string, string>) => {
    await client.call('account:reset-password', { email: values['email'] ?? '', code: values['code'] ?? '', password: values['password'] ?? '' })
    setDone(true)
  })
  if (done) return html`<section class="card"><h2>Your password is new</h2><p role="status">All other sign-ins have ended.</p><p><a class="button" href=${hrefOf()}>Sign in</a></p></section>`
  return html`
    <section class="card" aria-labelledby="reset-title">
      <h2 id="reset-title">Choose a new password</h2>
      <form onSubmit=${(event: Event) => reset.run(valuesOf(event))}>
        <label>Email address <input name="email" type="email" required maxlength="254" autocomplete="email" defaultValue=${email} /></label>
        <label>Code from the mail <input name="code" required maxlength="64" autocomplete="one-time-code" defaultValue=${code} /></label>
        <label>New password <input name="password" type="password" required minlength="8" maxlength="128" autocomplete="new-password" /></label>
        ${reset.error && html`<${Trouble} text=${reset.error} />`}
        <button disabled=${reset.busy}>Set the password</button>
      </form>
      <p><a href=${hrefOf('forgot')}>Send another code</a></p>
    </section>
  `
}
