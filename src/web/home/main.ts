import { html, render } from 'htm/preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { createClient, type State } from '../../client/index.ts'
import type { SignedIn, TokenPair, User } from '../../features/accounts/contract.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { FindCreator } from './creators.ts'
import { PaymentState } from './payment.ts'
import { SignIn } from './sign-in.ts'
import { IncomingTips, Overlays, Profile } from './studio.ts'
import { SendTip } from './tip.ts'
import { Wallet } from './wallet.ts'

const kept = 'ovation.tokens'

function App() {
  const [user, setUser] = useState<User | undefined>()
  const [state, setState] = useState<State>('offline')
  const [currency, setCurrency] = useState<Currency>('ZMW')
  const [creator, setCreator] = useState<Creator | undefined>()
  const [paymentId, setPaymentId] = useState(() => new URLSearchParams(location.search).get('payment'))
  const client = useMemo(
    () =>
      createClient({
        url: location.origin,
        tokens: readTokens(),
        onTokens: (tokens) => {
          keepTokens(tokens)
          if (!tokens) setUser(undefined)
        },
      }),
    [],
  )
  useEffect(() => {
    const stop = client.onState(setState)
    if (readTokens())
      client.call('account:me', {}).then(
        (answer) => {
          setUser(answer.user)
          client.connect()
        },
        () => {},
      )
    return stop
  }, [])

  function signedIn(answer: SignedIn): void {
    client.setTokens({ access_token: answer.access_token, refresh_token: answer.refresh_token })
    setUser(answer.user)
  }

  function signOut(): void {
    const tokens = readTokens()
    if (tokens) void client.call('account:logout', { refresh_token: tokens.refresh_token }).catch(() => {}).finally(() => client.setTokens(undefined))
  }

  return html`
    <header>
      <span class="brand">Ovation</span>
      ${user && html`<span class="who">${user.full_name} · ${user.role}</span><button class="plain" onClick=${signOut}>Sign out</button>`}
    </header>
    ${user && state !== 'online' && html`<p class="banner" role="status">Reconnecting… What you see may be a moment old.</p>`}
    <main>
      ${!user && html`<div class="welcome"><h1>Applause that arrives.</h1><p class="soft">Tip a creator and see it on the stream in the same breath.</p></div><${SignIn} client=${client} onSignedIn=${signedIn} />`}
      ${user && paymentId && html`<${PaymentState} client=${client} paymentId=${paymentId} onClose=${() => {
        history.replaceState(null, '', '/')
        setPaymentId(null)
      }} />`}
      ${user?.role === 'creator' && html`<${Overlays} client=${client} /><${IncomingTips} client=${client} />`}
      <${FindCreator} client=${client} chosen=${creator} onChoose=${setCreator} />
      ${user && creator && html`<${SendTip} client=${client} creator=${creator} currency=${currency} />`}
      ${!user && creator && html`<section class="card"><h2>Tip ${creator.name}</h2><p>Sign up or sign in to tip.</p></section>`}
      ${user && html`<${Wallet} client=${client} onCurrency=${setCurrency} />`}
      ${user?.role === 'creator' && html`<${Profile} client=${client} />`}
    </main>
  `
}

// For this tab only: a token in localStorage would outlive the visit and be shared with every tab.
function readTokens(): TokenPair | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(kept) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

function keepTokens(tokens: TokenPair | undefined): void {
  if (tokens) sessionStorage.setItem(kept, JSON.stringify(tokens))
  else sessionStorage.removeItem(kept)
}

render(html`<${App} />`, document.querySelector('#root') as HTMLElement)
