"""Exports of shops in South-East Asia, Spain, Japan and Korea: headings and words in their own language."""

from __future__ import annotations

import pytest

from core.ingest import InputFile, load

MESSAGES = {
    "Indonesian": "ID percakapan,Nama pelanggan,Waktu kirim,Pengirim,Nama agen,Isi pesan/pelanggan,agen",
    "Malay": "ID perbualan,Pelanggan,Masa hantar,Penghantar,Ejen,Mesej/pelanggan,ejen",
    "Thai": "รหัสการสนทนา,ชื่อลูกค้า,เวลาที่ส่ง,ผู้ส่ง,ชื่อพนักงาน,ข้อความ/ลูกค้า,พนักงาน",
    "Vietnamese": "Mã hội thoại,Khách hàng,Thời gian gửi,Người gửi,Nhân viên,Nội dung/Khách hàng,Nhân viên",
    "Spanish": "ID de conversación,Cliente,Fecha de envío,Remitente,Agente,Mensaje/Cliente,Agente",
    "Japanese": "チャットID,顧客ID,送信日時,送信者,担当者,メッセージ/お客様,オペレーター",
    "Korean": "상담번호,고객ID,전송시간,발신자,상담원,메시지/고객,상담원",
}
CONVERSATIONS = {
    "Indonesian": "ID percakapan,Pelanggan,Nama agen,Waktu mulai,Waktu balasan pertama,Waktu selesai,Penilaian/Sangat puas",
    "Malay": "No tiket,Pelanggan,Nama ejen,Masa mula,Masa balasan pertama,Masa tamat,Kepuasan pelanggan/Sangat puas hati",
    "Thai": "รหัสแชท,ลูกค้า,แอดมิน,เวลาเริ่ม,เวลาตอบกลับครั้งแรก,เวลาสิ้นสุด,คะแนนความพึงพอใจ/พอใจมาก",
    "Vietnamese": "Mã phiên chat,Tên khách hàng,Tên nhân viên,Thời gian bắt đầu,Thời gian phản hồi đầu tiên,Thời gian kết thúc,Đánh giá/Rất hài lòng",  # noqa: E501
    "Spanish": "ID de chat,Cliente,Nombre del agente,Fecha de inicio,Fecha de primera respuesta,Fecha de cierre,Satisfacción/Muy satisfecho",  # noqa: E501
    "Japanese": "問い合わせ番号,お客様名,担当者名,受付日時,初回返信日時,終了日時,満足度/大変満足",
    "Korean": "상담ID,고객명,상담사명,상담시작시간,첫응답시간,상담종료시간,만족도/매우만족",
}
ORDERS = {
    "Indonesian": "No. Pesanan,Username (Pembeli),Waktu Pesanan Dibuat,Waktu Pembayaran Dilakukan,Total Pembayaran/Rp 150.000",
    "Malay": "Nombor pesanan,Nama pengguna (pembeli),Masa pesanan dibuat,Masa pembayaran,Jumlah besar/RM150000",
    "Thai": "หมายเลขคำสั่งซื้อ,ชื่อผู้ใช้ (ผู้ซื้อ),วันที่ทำการสั่งซื้อ,เวลาการชำระสินค้า,จำนวนเงินทั้งหมด/฿150000",
    "Vietnamese": "Mã đơn hàng,Người mua,Ngày đặt hàng,Thời gian thanh toán,Tổng tiền/₫150.000",
    "Spanish": "Número de pedido,Comprador,Fecha del pedido,Fecha de pago,Importe total/€150000",
    "Japanese": "注文番号,購入者,注文日時,決済日時,合計金額/150000円",
    "Korean": "주문번호,구매자,주문일시,결제일시,결제금액/₩150000",
}  # fmt: skip


def fields_and_values(text: str, table: str) -> tuple[list[str], dict[str, list[object]]]:
    """The fields of a file in order, and what its table holds."""
    log = load([InputFile("a.csv", text.encode())])
    (report,) = log.ledger.files
    return [column.field for column in report.columns], log.tables[table].to_pydict()  # type: ignore[union-attr]


@pytest.mark.parametrize("language", MESSAGES)
def test_messages(language: str) -> None:
    """Every heading and both senders are understood."""
    head, said = MESSAGES[language].split("/")
    asked, answered = said.split(",")
    rows = f"1,c1,2024-03-04 09:00:00,{asked},,?\n1,c1,2024-03-04 09:00:30,{answered},Ann,!\n"
    fields, held = fields_and_values(f"{head}\n{rows}", "messages")
    assert fields == ["conversation_id", "customer_id", "sent_at", "sender", "agent_id", "text"]
    assert held["sender"] == ["customer", "agent"]


@pytest.mark.parametrize("language", CONVERSATIONS)
def test_conversations(language: str) -> None:
    """Three stamps each in its place, ratings in words."""
    head, word = CONVERSATIONS[language].split("/")
    rows = f"1,c1,Ann,2024-03-04 09:00:00,2024-03-04 09:01:00,2024-03-04 09:30:00,{word}\n"
    fields, held = fields_and_values(f"{head}\n{rows}", "conversations")
    assert fields == ["conversation_id", "customer_id", "agent_id", "started_at", "first_human_reply_at", "closed_at", "csat"]
    assert (held["csat"], held["closed_at"][0] - held["started_at"][0]) == ([5.0], 1_800_000)  # type: ignore[operator]


@pytest.mark.parametrize("language", ORDERS)
def test_orders(language: str) -> None:
    """Orders with sums in the spelling of the country."""
    head, amount = ORDERS[language].split("/")
    fields, held = fields_and_values(f"{head}\nSO1,c1,2024-03-04 09:00:00,2024-03-04 09:01:00,{amount}\n", "orders")
    assert fields == ["order_id", "customer_id", "created_at", "paid_at", "amount"]
    assert held["amount"] == [150_000.0]
