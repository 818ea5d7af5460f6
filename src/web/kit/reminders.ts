import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Reminder } from '../../features/messaging/contract.ts'
import { Trouble, useAction, useLoaded, valuesOf } from './parts.ts'

const reasons: Record<NonNullable<Reminder['reason']>, string> = {
  left: 'not said: you had left',
  blocked: 'not said: a block stood between you',
  silenced: 'not said: you were not to write then',
  forbidden: 'not said: it was not allowed there',
}
const maxShown = 100

/** What is to be said here later. */
export function RemindersDialog({ client, conversationId, onClose }: { client: Client; conversationId: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const mine = useLoaded(() => client.call('reminder:list', { limit: maxShown }), [])
  useEffect(() => dialog.current?.showModal(), [])
  const create = useAction(async (form: HTMLFormElement, { text = '', due = '' }: Record<string, string>) => {
    // What the field says is local time; what is sent is an instant.
    await client.call('reminder:create', { conversation_id: conversationId, text, due_at: new Date(due).toISOString() })
    form.reset()
    mine.reload()
  })
  const cancel = useAction(async (reminder_id: string) => {
    await client.call('reminder:cancel', { reminder_id })
    mine.reload()
  })
  const here = mine.value?.data.filter((each) => each.conversation_id === conversationId && each.state !== 'cancelled') ?? []
  return html`
    <dialog ref=${dialog} aria-labelledby="reminders-title" onClose=${onClose}>
      <h2 id="reminders-title">Remind this conversation</h2>
      <form onSubmit=${(event: Event) => create.run(event.currentTarget as HTMLFormElement, valuesOf(event))}>
        <label>What<textarea name="text" rows="2" maxlength="4000" required></textarea></label>
        <label>When<input name="due" type="datetime-local" required /></label>
        <div class="row"><button disabled=${create.busy}>Remind</button><button type="button" class="plain" onClick=${onClose}>Close</button></div>
      </form>
      ${(create.error || cancel.error || mine.error) && html`<${Trouble} text=${create.error || cancel.error || mine.error} />`}
      <ul class="list">${here.map((each) => html`
        <li key=${each.reminder_id}><span><span class="clip">${each.text}</span><span class="soft">${new Date(each.due_at).toLocaleString()}${each.state === 'fired' ? ' · said' : ''}${each.reason ? ` · ${reasons[each.reason]}` : ''}</span></span>
          ${each.state === 'open' && html`<button type="button" class="plain" disabled=${cancel.busy} onClick=${() => cancel.run(each.reminder_id)}>Cancel</button>`}</li>`)}</ul>
    </dialog>
  `
}
