import { html } from 'htm/preact'
import type { Client, Thread } from '../../client/index.ts'
import { useLoaded } from './parts.ts'

/** The latest pin above what is said, and the others behind it. Read again whenever one of those on the page changes. */
export function PinnedBar({ client, conversationId, thread, onJump }: { client: Client; conversationId: string; thread: Thread; onJump: (seq: number) => void }) {
  const shown = thread.messages.flatMap((each) => (each.pinned ? [`${each.message_id}/${each.change}`] : [])).join()
  const pins = useLoaded(() => client.call('conversation:pins', { conversation_id: conversationId }), [conversationId, shown])
  const [first, ...others] = pins.value?.data ?? []
  if (!first) return null
  return html`
    <div class="pinned" role="group" aria-label="Pinned">
      <button type="button" class="quiet" onClick=${() => onJump(first.seq)}>📌 <span class="clip">${first.text}</span></button>
      ${others.length > 0 && html`<details class="more"><summary>${others.length} more pinned</summary><ul class="list">${others.map((each) => html`<li key=${each.message_id}><button type="button" class="quiet" onClick=${() => onJump(each.seq)}><span class="clip">${each.text}</span></button></li>`)}</ul></details>`}
    </div>
  `
}
