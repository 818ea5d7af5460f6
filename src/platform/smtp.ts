import { createTransport } from 'nodemailer'
import { type Mailer, MailRefused } from './mail.ts'

const timeoutMs = 15_000

/** Sends by SMTP. @param url `smtp://user:password@host:587` or `smtps://…`; @param from the sender that people see */
export function createSmtpMailer({ url, from }: { url: string; from: string }): { mailer: Mailer; close: () => void } {
  // No file and no address is ever read for a mail, whatever is written in it.
  const options = { url, pool: true, maxConnections: 2, connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, disableFileAccess: true, disableUrlAccess: true }
  const transport = createTransport(options)
  const domain = /@([^>\s]+)/.exec(from)?.[1] ?? 'localhost'
  return {
    async mailer({ to, subject, text, message_id }) {
      try {
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, messageId: `<${message_id}@${domain}>` })
      } catch (error) {
        throw isFinal(error) ? new MailRefused((error as Error).message) : error
      }
    },
    close: () => transport.close(),
  }
}

// 5xx to the recipient or to the mail itself. To our login or greeting it says that a setting is wrong, which somebody will put right.
function isFinal(error: unknown): boolean {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500 && responseCode < 600
}
