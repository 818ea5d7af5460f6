import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { FoundMessage } from '../../features/messaging/contract.ts'
import { List, useList } from './list.ts'
import { valuesOf, When } from './parts.ts'
import { hrefOf } from './route.ts'

/** Messages of all one's conversations, by the beginnings of their words; each leads to its place. */
export function FindMessages({ client, children }: { client: Client; children: unknown }) {
  const [query, setQuery] = useState('')
  return html`
    <form role="search" class="row find" onSubmit=${(event: Event) => setQuery(valuesOf(event)['query'] ?? '')} onReset=${() => setQuery('')}>
      <label class="grow"><span class="hidden">Find in messages</span><input name="query" type="search" maxlength="200" placeholder="Find in messages" /></label>
      <button class="plain">Find</button>${query !== '' && html`<button type="reset" class="quiet">All conversations</button>`}
    </form>
    ${query === '' ? children : html`<${Results} key=${query} client=${client} query=${query} />`}
  `
}

function Results({ client, query }: { client: Client; query: string }) {
  const found = useList<FoundMessage>((cursor) => client.call('message:search', { query, ...(cursor ? { cursor } : {}) }), [query])
  return html`<${List} of=${found} empty="Nothing found." live=${true}>${({ message, title }: FoundMessage) => html`
    <li key=${message.message_id} class="stacked"><a href=${hrefOf('chat', message.conversation_id, String(message.seq))}><strong>${title || 'Group'}</strong></a>
      <span class="clip">${message.sender_name}: ${message.text}</span><span class="soft"><${When} at=${message.created_at} /></span></li>`}<//>`
}

/** Brings a place into sight once it is drawn, and shows which it is. */
export function useSight(place: string | undefined, redrawn: unknown): void {
  useEffect(() => {
    const element = place === undefined ? null : document.getElementById(place)
    if (!element) return
    element.scrollIntoView({ block: 'center' })
    element.classList.add('news')
  }, [place, redrawn])
}
