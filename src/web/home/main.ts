import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import type { User } from '../../features/accounts/contract.ts'
import { Header } from '../kit/page.ts'
import { Loading, Trouble } from '../kit/parts.ts'
import { useRoute } from '../kit/route.ts'
import { useSession } from '../kit/session.ts'
import { mount } from '../mount.ts'
import { ForgotPassword, ResetPassword } from './password.ts'
import { SignIn } from './sign-in.ts'
import { VerifyEmail } from './verify.ts'

const homes: Record<User['role'], string> = { fan: '/fan/', creator: '/studio/', admin: '/admin/' }

/** The front door: who comes in goes on to the page of their own. */
function Home() {
  const session = useSession()
  const [view = '', email = '', code = ''] = useRoute()
  const { user, client, error, reload } = session
  useEffect(() => {
    if (user && view !== 'verify') location.replace(nextOf(user))
  }, [user, view])

  return html`
    <${Header} session=${session} sections=${[]} current="" title="Ovation" />
    <main id="main">
      <div class="welcome"><h1>Applause that arrives.</h1><p class="soft">Tip a creator and see it on the stream in the same breath.</p></div>
      ${viewOf()}
    </main>
  `

  function viewOf() {
    if (error) return html`<section class="card"><h2>Not reached</h2><${Trouble} text=${error} /><button type="button" onClick=${reload}>Try again</button></section>`
    if (view === 'verify') return html`<${VerifyEmail} client=${client} email=${email} code=${code} />`
    if (user !== null) return html`<${Loading} />`
    if (view === 'forgot') return html`<${ForgotPassword} client=${client} />`
    if (view === 'reset') return html`<${ResetPassword} client=${client} email=${email} code=${code} />`
    return html`<${SignIn} client=${client} onSignedIn=${session.signedIn} />`
  }
}

// Only a path of our own: an address from outside would lead whoever signs in to somebody else's page.
function nextOf(user: User): string {
  const next = new URLSearchParams(location.search).get('next') ?? ''
  return /^\/(fan|studio|admin|docs)\//.test(next) ? next : homes[user.role]
}

mount(html`<${Home} />`)
