"""The mailbox of ordinary SMS, MMS, fax and voicemail messages."""
