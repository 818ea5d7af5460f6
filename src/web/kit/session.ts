import { useEffect, useMemo, useState } from 'preact/hooks'
import { type Client, createClient, type State } from '../../client/index.ts'
import type { SignedIn, User } from '../../features/accounts/contract.ts'
import { keepTokens, readTokens } from '../tokens.ts'
import { sentenceOf } from './words.ts'

/** Who is signed in in this tab, and the one connection that every part of the page shares. */
export interface Session {
  client: Client
  /** undefined while it is looked up, null when nobody is signed in */
  user: User | null | undefined
  state: State
  /** why it could not be looked up */
  error: string
  signedIn(answer: SignedIn): void
  signOut(): void
  reload(): void
}

export function useSession(): Session {
  const [user, setUser] = useState<User | null | undefined>(() => (readTokens() ? undefined : null))
  const [state, setState] = useState<State>('offline')
  const [error, setError] = useState('')
  const client = useMemo(
    () =>
      createClient({
        url: location.origin,
        tokens: readTokens(),
        onTokens: (tokens) => {
          keepTokens(tokens)
          if (!tokens) setUser(null)
        },
      }),
    [],
  )
  useEffect(() => {
    const stop = client.onState(setState)
    reload()
    return stop
  }, [])

  return { client, user, state, error, signedIn, signOut, reload }

  function reload(): void {
    if (!readTokens()) return
    setError('')
    client.call('account:me', {}).then(
      (answer) => {
        setUser(answer.user)
        client.connect()
      },
      (failure: unknown) => {
        if (readTokens()) setError(sentenceOf(failure))
        else setUser(null)
      },
    )
  }

  function signedIn(answer: SignedIn): void {
    client.setTokens({ access_token: answer.access_token, refresh_token: answer.refresh_token })
    setUser(answer.user)
  }

  function signOut(): void {
    const tokens = readTokens()
    const done = (): void => client.setTokens(undefined)
    if (tokens) client.call('account:logout', { refresh_token: tokens.refresh_token }).then(done, done)
  }
}
