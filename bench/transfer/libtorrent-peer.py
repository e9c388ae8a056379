"""One libtorrent peer: is told torrents and folders on standard input, and says on standard output when one is complete.

Everything that finds peers besides the tracker is off, encryption is off, and so is uTP, which is the slower of its two
transports here. All else is as libtorrent comes.
"""

import json
import queue
import sys
import threading

import libtorrent as lt

ASK_EVERY_MS = 20


def main(host):
    session = lt.session(
        {
            "listen_interfaces": f"{host}:0",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "enable_incoming_utp": False,
            "enable_outgoing_utp": False,
            "allow_multiple_connections_per_ip": True,
            "out_enc_policy": int(lt.enc_policy.disabled),
            "in_enc_policy": int(lt.enc_policy.disabled),
            "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
        }
    )
    say({"type": "listening", "port": session.listen_port()})
    orders = queue.Queue()
    threading.Thread(target=read_orders, args=(orders,), daemon=True).start()
    while True:
        try:
            order = orders.get_nowait()
        except queue.Empty:
            pass
        else:
            if order is None:
                return
            add(session, order)
        session.wait_for_alert(ASK_EVERY_MS)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert):
                say({"type": "finished"})
            elif alert.category() & lt.alert.category_t.error_notification:
                print(alert.message(), file=sys.stderr)


def add(session, order):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(order["torrent"])
    parameters.save_path = order["folder"]
    parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    session.add_torrent(parameters)


def read_orders(orders):
    for line in sys.stdin:
        orders.put(json.loads(line))
    orders.put(None)


def say(line):
    print(json.dumps(line), flush=True)


main(sys.argv[1])
