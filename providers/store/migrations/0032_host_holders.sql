-- Who has the folder of a host: the processes of one machine or container. Another one that has a folder of the same name is refused.
ALTER TABLE sandbox_hosts ADD COLUMN holder text;
