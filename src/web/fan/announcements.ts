import { html } from 'htm/preact'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, useLoaded } from '../kit/parts.ts'

/** One tap, and a creator's announcements come no more; another, and they do. Messages and tips go on. */
export function AnnouncementConsent({ client, creatorId }: Pick<ViewProps, 'client'> & { creatorId: string }) {
  const consent = useLoaded(() => client.call('announcement-consent:read', { creator_id: creatorId }), [creatorId])
  const turn = useAction(async () => consent.set(await client.call('announcement-consent:update', { creator_id: creatorId, receives: !consent.value?.receives })))
  if (!consent.value) return consent.error ? html`<${Trouble} text=${consent.error} />` : null
  return html`<button type="button" class="plain" disabled=${turn.busy} onClick=${() => turn.run()}>${consent.value.receives ? 'No announcements' : 'Get announcements again'}</button>${turn.error && html`<${Trouble} text=${turn.error} />`}`
}
