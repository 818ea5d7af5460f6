import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Conversation, FilterAction, HeldMessage, RoomAudience } from '../../features/messaging/contract.ts'
import { MediaList } from './attachments.ts'
import { List, useList } from './list.ts'
import type { ViewProps } from './page.ts'
import { Choice, Show, Trouble, useAction, useLoaded, valuesOf, When } from './parts.ts'
import { hrefOf } from './route.ts'
import { Said } from './words.ts'

const audiences: [RoomAudience, string][] = [
  ['all', 'everybody'],
  ['followers', 'followers'],
  ['members', 'members'],
]
const actions: [FilterAction, string][] = [
  ['hold', 'show it to me first'],
  ['refuse', 'refuse it'],
]

/** Where a group or a room is kept in order: what waits, and the rules. Without an id in the address, one's own room. */
export function OrderView({ client, user, rest: [conversationId] }: ViewProps) {
  const conversation = useLoaded(async () => {
    const conversation_id = conversationId ?? (await client.call('room:read', { creator_id: user.id })).room?.conversation_id
    return conversation_id === undefined ? null : client.call('conversation:read', { conversation_id })
  }, [conversationId])
  return html`<${Show} of=${conversation}>${(now: Conversation | null) => {
    if (!now) return html`<section class="card"><h1>Order</h1><p class="soft">You have no room yet. <a href=${hrefOf('chat')}>Open one under Messages.</a></p></section>`
    if (now.role === 'member' || now.type === 'direct') return html`<section class="card"><h1>Order</h1><p class="soft">Others keep order here. <a href=${hrefOf('chat', now.conversation_id)}>Back to the conversation</a></p></section>`
    return html`<${Queue} client=${client} conversation=${now} /><${Rules} client=${client} conversation=${now} onSaved=${conversation.set} />`
  }}<//>`
}

function Queue({ client, conversation: { conversation_id, title } }: Pick<ViewProps, 'client'> & { conversation: Conversation }) {
  const waiting = useList((cursor) => client.call('moderation:queue', { conversation_id, limit: 20, ...(cursor ? { cursor } : {}) }), [conversation_id])
  useEffect(() => {
    const without = (id: string) => waiting.change((all) => all.filter((each) => each.held_id !== id))
    const stops = [
      client.on('session:ready', waiting.reload),
      client.on('message:held', (fact) => fact.conversation_id === conversation_id && waiting.change((all) => [...all.filter((each) => each.held_id !== fact.held_id), fact])),
      client.on('message:decided', (fact) => without(fact.held_id)),
    ]
    return () => stops.forEach((stop) => stop())
  }, [conversation_id])
  const decide = useAction(async (what: 'moderation:approve' | 'moderation:reject', held_id: string) => {
    await client.call(what, { held_id })
    waiting.change((all) => all.filter((each) => each.held_id !== held_id))
  })
  return html`
    <section class="card" aria-labelledby="queue-title">
      <h1 id="queue-title">Waiting in ${title || 'the group'}</h1>
      <${List} of=${waiting} live empty="Nothing waits. What the rules hold back appears here.">${(each: HeldMessage) => html`
        <li key=${each.held_id}>
          <span><strong>${each.sender_name}</strong> <span class="chip">${each.why === 'words' ? 'a word on your list' : 'goes by itself'}</span><br /><span class="text">${each.text}</span>${each.media.length > 0 ? html`<${MediaList} client=${client} media=${each.media} />` : html`<br />`}
            <span class="soft">${each.release_at ? html`is seen by all <${When} at=${each.release_at} />` : html`<${When} at=${each.created_at} />`}</span></span>
          <span class="row">
            <button type="button" disabled=${decide.busy} onClick=${() => decide.run('moderation:approve', each.held_id)}>Approve</button>
            <button type="button" class="plain" disabled=${decide.busy} onClick=${() => decide.run('moderation:reject', each.held_id)}>Reject</button>
          </span>
        </li>`}<//>
      ${decide.error && html`<${Trouble} text=${decide.error} />`}
      <p><a href=${hrefOf('chat', conversation_id)}>← To the conversation</a></p>
    </section>
  `
}

function Rules({ client, conversation: { conversation_id, type, settings }, onSaved }: Pick<ViewProps, 'client'> & { conversation: Conversation; onSaved: (conversation: Conversation) => void }) {
  const [saved, setSaved] = useState('')
  const save = useAction(async (values: Record<string, string>) => {
    onSaved(
      await client.call('conversation:update', {
        conversation_id,
        blocked_words: (values['words'] ?? '').split('\n').map((word) => word.trim()).filter((word) => word !== ''),
        filter_action: values['action'] as FilterAction,
        moderation_delay_ms: secondsOf(values['delay'], 60),
        slow_mode_ms: secondsOf(values['slow'], 21_600),
        emoji_only: values['emoji'] === 'on',
        ...(type === 'room' ? { open_to: values['audience'] as RoomAudience, tier_rank: Number(values['rank'] ?? 0) } : {}),
      }),
    )
    setSaved('Saved.')
  })
  return html`
    <section class="card" aria-labelledby="order-title">
      <h2 id="order-title">Rules</h2>
      <form onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
        ${type === 'room' && html`<label>Who may come in <${Choice} name="audience" chosen=${settings.open_to} options=${audiences} /></label><label>Of members, those of this rank or above <input name="rank" type="number" min="0" max="1000" defaultValue=${String(settings.tier_rank)} /></label>`}
        <label>Words that are not welcome, one a line <textarea name="words" rows="4" maxlength="10400" defaultValue=${settings.blocked_words.join('\n')}></textarea></label>
        <label>When a member writes one <${Choice} name="action" chosen=${settings.filter_action} options=${actions} /></label>
        <div class="fields">
          <label>Seconds until all see what a member writes <input name="delay" inputmode="numeric" required defaultValue=${String(settings.moderation_delay_ms / 1_000)} /></label>
          <label>Seconds between two messages of a member <input name="slow" inputmode="numeric" required defaultValue=${String(settings.slow_mode_ms / 1_000)} /></label>
        </div>
        <label class="check"><input type="checkbox" name="emoji" defaultChecked=${settings.emoji_only} /> Members write emoji only</label>
        <p class="soft">You and those who keep order with you write as you like.</p>
        ${save.error && html`<${Trouble} text=${save.error} />`}
        <p class="good" role="status">${saved}</p>
        <button class="plain" disabled=${save.busy}>Save</button>
      </form>
    </section>
  `
}

function secondsOf(typed = '', most: number): number {
  const seconds = Number(typed)
  if (!/^\d{1,5}$/.test(typed) || seconds > most) throw new Said(`Please type a number of seconds from 0 to ${most}.`)
  return seconds * 1_000
}
