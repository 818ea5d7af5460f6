import { html } from 'htm/preact'
import type { KeptMail } from '../../features/admin/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { When } from '../kit/parts.ts'

/** What was sent. Without a mail server the text is read here, so that sign-up and reset can be tried at once. */
export function MailView({ client }: ViewProps) {
  const mails = useList((cursor) => client.call('mail:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  return html`
    <section class="card wide" aria-labelledby="mail-title">
      <h1 id="mail-title">Mail</h1>
      <p><button type="button" class="plain" onClick=${mails.reload}>Look again</button></p>
      <${List} of=${mails} empty="No mail in the last seven days.">${(mail: KeptMail) => html`
        <li key=${mail.mail_id} class="stacked">
          <span><strong>${mail.subject}</strong> <span class=${mail.state === 'sent' ? 'chip on' : 'chip'}>${mail.state === 'kept' ? 'not sent: no mail server is set' : mail.state}</span><br /><span class="soft">to ${mail.to}, <${When} at=${mail.created_at} /></span></span>
          ${mail.text && html`<details><summary>Read it</summary><pre class="text">${mail.text}</pre></details>`}
          ${mail.last_error && html`<span class="bad">${mail.last_error}</span>`}
        </li>`}<//>
    </section>
  `
}
