import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Conversation, Participant } from '../../features/messaging/contract.ts'
import type { ViewProps } from './page.ts'
import { Confirm, Loading, Trouble, useAction, useLoaded, valuesOf } from './parts.ts'
import { hrefOf } from './route.ts'

const maxOffered = 100
const muteMs = 8 * 3600_000

type Common = Pick<ViewProps, 'client' | 'user'>
type Person = Pick<Participant, 'user_id' | 'name'>

/** A group of people with whom one talks already. */
export function NewGroup({ client, user }: Common) {
  const [isOpen, setIsOpen] = useState(false)
  return html`<p><button type="button" class="plain" onClick=${() => setIsOpen(true)}>New group</button></p>
    ${isOpen && html`<${NewGroupDialog} client=${client} user=${user} onClose=${() => setIsOpen(false)} />`}`
}

function NewGroupDialog({ client, user, onClose }: Common & { onClose: () => void }) {
  const dialog = useDialog()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const create = useAction(async (title: string) => {
    const group = await client.call('conversation:create', { type: 'group', member_ids: [...chosen], ...(title ? { title } : {}) })
    onClose()
    location.hash = hrefOf('chat', group.conversation_id)
  })
  return html`
    <dialog ref=${dialog} aria-labelledby="new-group-title" onClose=${onClose}>
      <h2 id="new-group-title">New group</h2>
      <form onSubmit=${(event: Event) => create.run(valuesOf(event)['title'] ?? '')}>
        <label>Its name<input name="title" maxlength="80" /></label>
        <${Acquaintances} client=${client} user=${user} without=${[]} chosen=${chosen} onChoose=${setChosen} />
        ${create.error && html`<${Trouble} text=${create.error} />`}
        <div class="row"><button disabled=${create.busy || chosen.length === 0}>Begin</button><button type="button" class="plain" onClick=${onClose}>Leave it</button></div>
      </form>
    </dialog>
  `
}

/** Who is in a group, and what one may do about it; and leaving it. */
export function MembersDialog({ client, user, conversation, onClose }: Common & { conversation: Conversation; onClose: () => void }) {
  const dialog = useDialog()
  const [isLeaving, setIsLeaving] = useState(false)
  const [added, setAdded] = useState<readonly string[]>([])
  const { conversation_id, participants, role, title, muted_until } = conversation
  const isGroup = conversation.type === 'group'
  const isKeeper = role !== 'member'
  const act = useAction(async (what: () => Promise<unknown>) => void (await what()))
  const leave = useAction(async () => {
    await client.call('conversation:leave', { conversation_id })
    location.hash = hrefOf('chat')
  })
  const add = () =>
    act.run(async () => {
      await client.call('conversation:add-members', { conversation_id, member_ids: [...added] })
      setAdded([])
    })
  const shown = participants.filter((each) => each.state === 'joined' || each.state === 'invited')
  return html`
    <dialog ref=${dialog} aria-labelledby="members-title" onClose=${onClose}>
      <h2 id="members-title">${title || 'Group'}</h2>
      ${isGroup && isKeeper && html`<form class="row" onSubmit=${(event: Event) => act.run(rename(valuesOf(event)['title'] ?? ''))}><label>Its name<input name="title" maxlength="80" defaultValue=${title} /></label><button disabled=${act.busy}>Rename</button></form>`}
      ${isGroup && html`<ul class="list">${shown.map((each) => html`
        <li key=${each.user_id}><span>${each.name || 'Somebody'}${each.user_id === user.id && ' (you)'} <span class="soft">${each.state === 'invited' ? 'invited' : each.role === 'member' ? '' : each.role}</span></span>
          <span class="row">${role === 'owner' && each.role !== 'owner' && each.state === 'joined' && html`<button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run(() => client.call('conversation:set-role', { conversation_id, user_id: each.user_id, role: each.role === 'admin' ? 'member' : 'admin' }))}>${each.role === 'admin' ? 'No longer admin' : 'Make admin'}</button>`}
            ${rules(conversation, each) && html`<button type="button" class="plain" disabled=${act.busy} aria-label=${`Remove ${each.name}`} onClick=${() => act.run(() => client.call('conversation:remove-member', { conversation_id, user_id: each.user_id }))}>Remove</button>`}</span></li>`)}</ul>`}
      ${isGroup && isKeeper && html`<details><summary>Add people</summary><${Acquaintances} client=${client} user=${user} without=${shown.map((each) => each.user_id)} chosen=${added} onChoose=${setAdded} /><button type="button" disabled=${act.busy || added.length === 0} onClick=${add}>Add</button></details>`}
      ${(act.error || leave.error) && html`<${Trouble} text=${act.error || leave.error} />`}
      <div class="row">
        <button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run(() => client.call('conversation:mute', { conversation_id, until: muted_until ? null : new Date(Date.now() + muteMs).toISOString() }))}>${muted_until ? 'Noise again' : 'No noise for 8 hours'}</button>
        ${(role !== 'owner' || isGroup) && html`<button type="button" class="plain" onClick=${() => setIsLeaving(true)}>Leave</button>`}
        <button type="button" class="plain" onClick=${onClose}>Close</button>
      </div>
      ${isLeaving && html`<${Confirm} question="Leave it?" detail=${role === 'owner' ? 'Somebody else of it becomes its owner. You hear no more of it; they have to ask you in again.' : 'You hear no more of it; somebody has to ask you in again.'} yes="Leave" onYes=${() => leave.run()} onNo=${() => setIsLeaving(false)} />`}
    </dialog>
  `

  function rename(name: string): () => Promise<unknown> {
    return () => client.call('conversation:update', { conversation_id, title: name })
  }
}

function Acquaintances({ client, user, without, chosen, onChoose }: Common & { without: readonly string[]; chosen: readonly string[]; onChoose: (ids: readonly string[]) => void }) {
  const met = useLoaded(() => peopleMet(client, user.id), [])
  const offered = met.value?.filter((each) => !without.includes(each.user_id)) ?? []
  const toggle = (id: string): void => onChoose(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id])
  return html`
    ${met.error && html`<${Trouble} text=${met.error} />`}
    ${!met.value && !met.error && html`<${Loading} />`}
    ${met.value && offered.length === 0 && html`<p class="soft">Nobody yet. Write to somebody first.</p>`}
    <div class="offered" role="group" aria-label="People">${offered.map((each) => html`<label key=${each.user_id} class="check"><input type="checkbox" checked=${chosen.includes(each.user_id)} onChange=${() => toggle(each.user_id)} /> ${each.name || 'Somebody'}</label>`)}</div>
  `
}

async function peopleMet(client: Client, me: string): Promise<Person[]> {
  const { data } = await client.call('conversation:list', { limit: maxOffered })
  const people = data.filter((each) => each.type !== 'room').flatMap((each) => each.participants)
  return [...new Map(people.filter((each) => each.user_id !== me && each.state === 'joined').map((each) => [each.user_id, each])).values()]
}

function rules({ role }: Conversation, other: Participant): boolean {
  return (role === 'owner' && other.role !== 'owner') || (role === 'admin' && other.role === 'member')
}

function useDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return dialog
}
