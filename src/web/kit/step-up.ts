import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Client } from '../../client/index.ts'
import { Trouble, useAction, valuesOf } from './parts.ts'

/** An action that may want the password again: it is asked for then, and the action goes on. `question` is to be drawn with it. */
export function useGuardedAction<A extends unknown[]>(client: Client, act: (...args: A) => Promise<void>): { busy: boolean; error: string; run: (...args: A) => void; question: VNode | undefined } {
  const [waiting, setWaiting] = useState<A | undefined>()
  const action = useAction(async (...args: A) => {
    try {
      await act(...args)
    } catch (error) {
      if (asProblem(error).code !== 'step-up-required') throw error
      setWaiting(args)
    }
  })
  const goOn = (args: A): void => {
    setWaiting(undefined)
    action.run(...args)
  }
  return { ...action, question: waiting && html`<${PasswordQuestion} client=${client} onYes=${() => goOn(waiting)} onNo=${() => setWaiting(undefined)} />` }
}

function PasswordQuestion({ client, onYes, onNo }: { client: Client; onYes: () => void; onNo: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const confirm = useAction(async (password: string) => {
    await client.call('account:step-up', { password })
    onYes()
  })
  return html`
    <dialog ref=${dialog} aria-labelledby="step-up-title" onClose=${onNo}>
      <h2 id="step-up-title">Your password, please</h2>
      <p>This moves money, or changes where it goes.</p>
      <form onSubmit=${(event: Event) => confirm.run(valuesOf(event)['password'] ?? '')}>
        <label>Password <input name="password" type="password" required maxlength="128" autocomplete="current-password" /></label>
        ${confirm.error && html`<${Trouble} text=${confirm.error} />`}
        <div class="row"><button disabled=${confirm.busy}>Go on</button><button type="button" class="plain" onClick=${onNo}>Leave it</button></div>
      </form>
    </dialog>
  `
}
