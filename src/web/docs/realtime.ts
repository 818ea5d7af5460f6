import { html } from 'htm/preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { createClient, type State } from '../../client/index.ts'
import type { SignedIn, User } from '../../features/accounts/contract.ts'
import { Trouble } from '../kit/parts.ts'
import { SignIn } from '../home/sign-in.ts'
import { sentenceOf } from '../kit/words.ts'
import { mount } from '../mount.ts'
import { keepTokens, readTokens } from '../tokens.ts'
import { Console } from './console.ts'
import { Contents } from './contents.ts'
import { EntryView } from './entry.ts'
import { type Heard, LiveFacts } from './facts.ts'
import { loadReference, type Reference } from './reference.ts'
import { Start } from './start.ts'

const shownFacts = 50
const stateWords: Record<State, string> = { online: 'connected', connecting: 'connecting…', offline: 'not connected' }

function App() {
  const [reference, setReference] = useState<Reference | undefined>()
  const [trouble, setTrouble] = useState('')
  const chosen = useAddress()
  const session = useSession()
  const load = (): void => {
    setTrouble('')
    loadReference().then(setReference, () => setTrouble('The reference could not be loaded. Check your connection.'))
  }
  useEffect(load, [])

  const entry = reference?.entries.find(({ key }) => key === chosen)
  return html`
    <header>
      <a class="brand" href="/">Ovation</a>
      <nav class="row" aria-label="References"><a href="/docs">REST</a> <a href="/docs/realtime" aria-current="page">Realtime</a> <a href="/asyncapi.json">asyncapi.json</a></nav>
      ${session.user && html`<span class="who">${session.user.full_name} · ${session.user.role}</span><button class="plain" onClick=${session.signOut}>Sign out</button>`}
    </header>
    ${session.user && session.state !== 'online' && html`<p class="banner" role="status">Reconnecting… Commands can be sent again in a moment.</p>`}
    <main class="reference">
      ${trouble && html`<section class="card"><${Trouble} text=${trouble} /><div><button onClick=${load}>Try again</button></div></section>`}
      ${!reference && !trouble && html`<p class="loading">Loading…</p>`}
      ${reference && html`
        <${Contents} entries=${reference.entries} chosen=${chosen} />
        ${entry ? html`<${EntryView} entry=${entry} />` : chosen === '' ? html`<${Start} problem=${reference.problem} />` : html`<article class="card"><h1>Not here</h1><p>Nothing is called <code>${chosen}</code>. <a href="#">Begin at the start.</a></p></article>`}
        <div class="side">
          ${session.isKnown && !session.user && html`<p class="soft">Sign in to send commands and hear facts.</p><${SignIn} client=${session.client} onSignedIn=${session.signedIn} />`}
          ${session.trouble && html`<section class="card"><${Trouble} text=${session.trouble} /></section>`}
          ${session.user && html`
            <section class="card" aria-labelledby="console-title">
              <div class="row spread"><h2 id="console-title">Console</h2><span class=${`chip${session.state === 'online' ? ' on' : ''}`}>${stateWords[session.state]}</span></div>
              <${Console} client=${session.client} entry=${entry} online=${session.state === 'online'} />
            </section>
            <section class="card" aria-label="Live facts"><${LiveFacts} heard=${session.heard} onClear=${session.clear} /></section>`}
        </div>`}
    </main>
  `
}

/** What stands behind the # of the address. */
function useAddress(): string {
  const read = (): string => {
    try {
      return decodeURIComponent(location.hash.slice(1))
    } catch {
      return location.hash.slice(1)
    }
  }
  const [chosen, setChosen] = useState(read)
  useEffect(() => {
    const follow = (): void => setChosen(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return chosen
}

/** Who is signed in in this tab, their connection, and what it hears. */
function useSession() {
  const [user, setUser] = useState<User | undefined>()
  const [isKnown, setIsKnown] = useState(false)
  const [trouble, setTrouble] = useState('')
  const [state, setState] = useState<State>('offline')
  const [heard, setHeard] = useState<Heard[]>([])
  const client = useMemo(() => {
    let count = 0
    return createClient({
      url: location.origin,
      tokens: readTokens(),
      onTokens: (tokens) => {
        keepTokens(tokens)
        if (!tokens) setUser(undefined)
      },
      inspect: (kind, name, data, meta) => {
        if (kind === 'fact') setHeard((before) => [{ id: ++count, name, data, meta, at: new Date() }, ...before].slice(0, shownFacts))
      },
    })
  }, [])
  useEffect(() => {
    const stop = client.onState(setState)
    const known = readTokens() ? client.call('account:me', {}).then((answer) => enter(answer.user), (failure: unknown) => readTokens() && setTrouble(sentenceOf(failure))) : Promise.resolve()
    void known.finally(() => setIsKnown(true))
    return stop
  }, [])
  return { client, user, isKnown: isKnown && trouble === '', trouble, state, heard, clear: () => setHeard([]), signedIn, signOut }

  function enter(who: User): void {
    setUser(who)
    client.connect()
  }

  function signedIn(answer: SignedIn): void {
    client.setTokens({ access_token: answer.access_token, refresh_token: answer.refresh_token })
    setUser(answer.user)
  }

  function signOut(): void {
    const tokens = readTokens()
    setHeard([])
    if (tokens) void client.call('account:logout', { refresh_token: tokens.refresh_token }).catch(() => {}).finally(() => client.setTokens(undefined))
  }
}

mount(html`<${App} />`)
