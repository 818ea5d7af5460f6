import { html } from 'htm/preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { Message } from '../../features/messaging/contract.ts'
import { gistOf } from './attachments.ts'
import { Loading, Trouble, useAction, useLoaded } from './parts.ts'

const maxTargets = 10
const maxOffered = 50

/** Says a message once more elsewhere. Its key is made once, so that pressing again after a failure says nothing twice. */
export function ForwardDialog({ client, message, onClose }: { client: Client; message: Message; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const client_msg_id = useMemo(() => newKey(), [])
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [outcome, setOutcome] = useState('')
  const offered = useLoaded(() => client.call('conversation:list', { limit: maxOffered }), [])
  useEffect(() => dialog.current?.showModal(), [])
  const forward = useAction(async () => {
    const { data } = await client.call('message:forward', { message_id: message.message_id, conversation_ids: [...chosen], client_msg_id })
    const refused = data.filter((each) => each.refused !== null)
    setOutcome(refused.length === 0 ? 'Forwarded.' : `Forwarded to ${data.length - refused.length}; not taken by: ${refused.map((each) => titleOf(each.conversation_id)).join(', ')}.`)
  })
  const titleOf = (id: string): string => offered.value?.data.find((each) => each.conversation_id === id)?.title || 'Group'
  const toggle = (id: string): void => setChosen(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(0, maxTargets))
  return html`
    <dialog ref=${dialog} aria-labelledby="forward-title" onClose=${onClose}>
      <h2 id="forward-title">Forward</h2>
      <blockquote class="clip soft">${gistOf(message)}</blockquote>
      ${!offered.value && !offered.error && html`<${Loading} />`}
      <div class="offered" role="group" aria-label="To">${offered.value?.data.map((each) => html`<label key=${each.conversation_id} class="check"><input type="checkbox" checked=${chosen.includes(each.conversation_id)} onChange=${() => toggle(each.conversation_id)} /> ${each.title || 'Group'}</label>`)}</div>
      ${(forward.error || offered.error) && html`<${Trouble} text=${forward.error || offered.error} />`}
      <p role="status">${outcome}</p>
      <div class="row">${outcome === '' && html`<button type="button" disabled=${forward.busy || chosen.length === 0} onClick=${() => forward.run()}>Forward</button>`}<button type="button" class="plain" onClick=${onClose}>${outcome === '' ? 'Leave it' : 'Close'}</button></div>
    </dialog>
  `
}
