import { html } from 'htm/preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { createPresence, type PresenceWatch } from '../../client/index.ts'
import type { Conversation } from '../../features/messaging/contract.ts'
import type { PresenceSettings } from '../../features/presence/contract.ts'
import type { ViewProps } from './page.ts'
import { Show, Trouble, useAction, useLoaded, When } from './parts.ts'

const redrawMs = 60_000

/** Whether the others of direct conversations are there, while a page shows them; and whether this page is looked at. */
export function usePresence(client: ViewProps['client']): PresenceWatch {
  const presence = useMemo(() => createPresence(client), [client])
  const [, redraw] = useState(0)
  useEffect(() => {
    const look = (): void => presence.setVisible(!document.hidden)
    const stop = presence.onChange(() => redraw((n) => n + 1))
    // "Five minutes ago" becomes six.
    const timer = setInterval(() => redraw((n) => n + 1), redrawMs)
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      clearInterval(timer)
      stop()
      presence.close()
    }
  }, [presence])
  return presence
}

export function useWatched(presence: PresenceWatch, conversations: readonly Conversation[], user: ViewProps['user']): void {
  const ids = conversations.flatMap((each) => otherIn(each, user) ?? [])
  useEffect(() => presence.watch(ids), [presence, ids.toSorted().join()])
}

export function otherIn({ type, participants }: Conversation, user: ViewProps['user']): string | undefined {
  return type === 'direct' ? participants.find((each) => each.user_id !== user.id)?.user_id : undefined
}

/** A dot beside a name in a list. */
export function Dot({ presence, userId }: { presence: PresenceWatch; userId: string | undefined }) {
  const state = userId ? presence.of(userId)?.state : undefined
  if (state !== 'online' && state !== 'away') return null
  return html`<span class=${`dot ${state}`} role="img" aria-label=${state === 'online' ? 'online' : 'away'} title=${state === 'online' ? 'Online' : 'Away'}></span>`
}

/** The same in words, under a name. */
export function SeenLine({ presence, userId }: { presence: PresenceWatch; userId: string | undefined }) {
  const found = userId ? presence.of(userId) : undefined
  if (!found) return null
  if (found.state !== 'offline') return html`<span class="soft seen"><span class=${`dot ${found.state}`} aria-hidden="true"></span> ${found.state === 'online' ? 'Online' : 'Away'}</span>`
  return found.last_seen_at ? html`<span class="soft seen">Last seen <${When} at=${found.last_seen_at} /></span>` : null
}

export function PresenceSetting({ client }: Pick<ViewProps, 'client'>) {
  const settings = useLoaded(() => client.call('presence-settings:read', {}), [])
  const [said, setSaid] = useState('')
  const save = useAction(async (hides_presence: boolean) => {
    settings.set(await client.call('presence-settings:update', { hides_presence }))
    setSaid('Saved.')
  })
  return html`
    <section class="card" aria-labelledby="presence-title">
      <h2 id="presence-title">Who sees that you are here</h2>
      <p class="soft">People whom you talk with, and your followers, see whether you are online and when you were last.</p>
      <${Show} of=${settings}>${({ hides_presence }: PresenceSettings) => html`
        <label class="check"><input type="checkbox" checked=${save.busy ? !hides_presence : hides_presence} disabled=${save.busy} onChange=${(event: Event) => save.run((event.currentTarget as HTMLInputElement).checked)} /> Hide it. Then you don’t see it of others either</label>`}<//>
      ${save.error && html`<${Trouble} text=${save.error} />`}
      <p class="good" role="status">${said}</p>
    </section>
  `
}
