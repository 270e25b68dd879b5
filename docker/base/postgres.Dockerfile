# PostgreSQL as in the official image, where docker-compose.yml needs it: the command, the user, the port, the
# data folder, and what makes it at the first start: POSTGRES_PASSWORD[_FILE], POSTGRES_USER, POSTGRES_DB.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
    LANG=C.UTF-8 \
    PGDATA=/var/lib/postgresql/data
RUN set -eu; groupadd -r -g 999 postgres; useradd -r -g postgres -u 999 -d /var/lib/postgresql postgres; \
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
    mkdir -p /etc/postgresql-common; echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf; \
    apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postgresql-15; \
    rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*; \
    sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" /usr/share/postgresql/15/postgresql.conf.sample; \
    mkdir -p "$PGDATA" /run/postgresql; chown postgres:postgres "$PGDATA" /run/postgresql; \
    chmod 0700 "$PGDATA"; chmod 3777 /run/postgresql
COPY postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
