import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { SignedIn } from '../../features/accounts/contract.ts'
import { Trouble, useAction, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

/** One card for newcomers and for those who come back. */
export function SignIn({ client, onSignedIn }: { client: Client; onSignedIn: (answer: SignedIn) => void }) {
  const [isNew, setIsNew] = useState(true)
  const submit = useAction(async (values: Record<string, string>) => {
    const { email = '', password = '', full_name = '', role = 'fan' } = values
    const answer = isNew
      ? await client.call('account:register', { email, password, full_name, role: role as 'fan' | 'creator' })
      : await client.call('account:login', { email, password })
    onSignedIn(answer)
  })
  return html`
    <section class="card" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">${isNew ? 'Create your account' : 'Welcome back'}</h2>
      <div class="row" role="group" aria-label="New here or coming back">
        <button type="button" class="plain" aria-pressed=${isNew} onClick=${() => setIsNew(true)}>I am new</button>
        <button type="button" class="plain" aria-pressed=${!isNew} onClick=${() => setIsNew(false)}>I have an account</button>
      </div>
      <form onSubmit=${(event: Event) => submit.run(valuesOf(event))}>
        ${isNew && html`<label>Name <input name="full_name" required maxlength="100" autocomplete="name" /></label>`}
        <label>Email address <input name="email" type="email" required maxlength="254" autocomplete="email" /></label>
        <label>Password <input name="password" type="password" required minlength=${isNew ? 8 : 1} maxlength="128" autocomplete=${isNew ? 'new-password' : 'current-password'} /></label>
        ${isNew && html`<label>I am a <select name="role"><option value="fan">fan: I tip creators</option><option value="creator">creator: I receive tips</option></select></label>`}
        ${submit.error && html`<${Trouble} text=${submit.error} />`}
        <button disabled=${submit.busy}>${submit.busy ? 'One moment…' : isNew ? 'Sign up' : 'Sign in'}</button>
      </form>
      ${!isNew && html`<p><a href=${hrefOf('forgot')}>Forgot your password?</a></p>`}
    </section>
  `
}
