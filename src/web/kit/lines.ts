import { html } from 'htm/preact'
import type { Message } from '../../features/messaging/contract.ts'
import { When } from './parts.ts'

/** What happened, or was given: no bubble of anybody's. */
export function LineOf({ message }: { message: Message }) {
  const { type, text, tip, deleted, created_at } = message
  if (deleted) return html`<li class="line"><em class="soft">Taken away</em></li>`
  if (type === 'tip' && tip) return html`<li class="line tip" id=${placeOf(message)}><strong>${text}</strong> <span class="soft"><${When} at=${created_at} /></span></li>`
  return html`<li class="line soft" id=${placeOf(message)}>${text} · <${When} at=${created_at} /></li>`
}

export function isLine({ type }: Message): boolean {
  return type === 'system' || type === 'tip'
}

/** Where it stands on the page. */
export function placeOf({ message_id }: Pick<Message, 'message_id'>): string {
  return `at-${message_id}`
}
